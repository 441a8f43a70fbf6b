#pragma once
// What the names and shapes of a file's tensors say about its network.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/weights/safetensors.h"

namespace samsr {

/// The parts of a name between its dots; of one that is longer than any network's, the whole.
std::vector<std::string> key_parts(const std::string& name);

/// A whole number of at most four digits and nothing else.
std::optional<std::int64_t> key_number(const std::string& part);

bool has_key(const TensorFile& file, const std::string& name);

/// The file without `prefix` where all of its names begin with it, however often.
TensorFile without_shared_prefix(TensorFile file, const std::string& prefix);

/// The tensors whose names begin with `prefix`, without it.
TensorFile below_prefix(const TensorFile& file, const std::string& prefix);

/// Sizes of a network as its file has them.
class PeerKeys {
 public:
  /// `file` must outlive this; messages begin with `source` and call the network `network`.
  PeerKeys(const TensorFile& file, std::string source, std::string network);

  bool has(const std::string& name) const { return tensors_.contains(name); }
  /// Undefined where there is none.
  at::Tensor tensor(const std::string& name) const;
  /// Size of a dimension of a tensor, from 1 to 65536. UserError where it is missing or has other sizes.
  std::int64_t size(const std::string& name, std::int64_t dimension) const;
  /// How many of name(0), name(1), … are there, at most 4096.
  std::int64_t count(const std::function<std::string(std::int64_t)>& name) const;

 private:
  std::map<std::string, at::Tensor> tensors_;
  std::string source_;
  std::string network_;
};

}  // namespace samsr
