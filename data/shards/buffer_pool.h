#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace samsr {

/// Memory for tensors that come and go in the same sizes, kept for the next when one is dropped: fresh memory costs
/// a page fault for every 4 KiB, as much as reading a sample into it. Its tensors keep it alive.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A tensor on the CPU with any values; `pinned`: page-locked, which torch keeps by itself until copies from it are
  /// done. Safe to use from several threads, as is dropping it.
  at::Tensor tensor(at::IntArrayRef shape, at::ScalarType type, bool pinned = false);

 private:
  void give_back(void* memory, std::size_t bytes);

  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;  ///< by size
};

}  // namespace samsr
