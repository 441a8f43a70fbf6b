#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/weights/pth/state_dict.h"

namespace samsr {

/// Where the bytes of storages lie.
class StorageBytes {
 public:
  virtual ~StorageBytes() = default;
  virtual std::uint64_t size(const std::string& key) const = 0;
  /// Copies the size(key) bytes to `to`.
  virtual void read(const std::string& key, void* to) const = 0;
  /// Bytes of all storages of the file.
  virtual std::uint64_t total() const = 0;
};

/// The tensors of a state dict, contiguous, on the CPU; a storage is read once, and only where a tensor needs it.
/// UnreadableWeights when a tensor reaches beyond its storage, or all together would take far more bytes than the
/// file has.
std::vector<std::pair<std::string, at::Tensor>> read_tensors(const StateDict& state, const StorageBytes& storages);

}  // namespace samsr
