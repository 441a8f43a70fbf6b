#include "data/shards/buffer_pool.h"

#include <ATen/ATen.h>
#include <c10/core/impl/alloc_cpu.h>

namespace samsr {

BufferPool::~BufferPool() {
  for (const auto& [bytes, buffers] : free_) {
    for (void* memory : buffers) {
      c10::free_cpu(memory);
    }
  }
}

at::Tensor BufferPool::tensor(at::IntArrayRef shape, at::ScalarType type, bool pinned) {
  if (pinned) {
    return at::empty(shape, at::TensorOptions(type).pinned_memory(true));
  }
  const std::size_t bytes = static_cast<std::size_t>(c10::multiply_integers(shape)) * c10::elementSize(type);
  void* memory = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::vector<void*>& buffers = free_[bytes];
    if (!buffers.empty()) {
      memory = buffers.back();
      buffers.pop_back();
    }
  }
  if (memory == nullptr) {
    memory = c10::alloc_cpu(bytes);
  }
  return at::from_blob(
      memory, shape, [pool = shared_from_this(), bytes](void* dropped) { pool->give_back(dropped, bytes); },
      at::TensorOptions(type));
}

void BufferPool::give_back(void* memory, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  free_[bytes].push_back(memory);
}

}  // namespace samsr
