#pragma once
// What the callers of kernels ask of tensors.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdint>
#include <initializer_list>

namespace samsr::cuda {

/// Whether 16 bytes of neighbouring channels may be loaded at once: all of them begin at multiples of 16, and so does
/// each position of `channels` channels. All are of the first one's type; undefined ones count for nothing.
inline bool packable(std::int64_t channels, std::initializer_list<at::Tensor> all) {
  bool packed = channels * all.begin()->element_size() % 16 == 0;
  for (const at::Tensor& each : all) {
    packed = packed && (!each.defined() || reinterpret_cast<std::uintptr_t>(each.const_data_ptr()) % 16 == 0);
  }
  return packed;
}

/// Float32, not initialised, on the device of x.
inline at::Tensor floats_beside(const at::Tensor& x, at::IntArrayRef sizes) {
  return at::empty(sizes, x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
}

/// What a kernel reads of the bias (C) of a map; it outlives the call. None where it is undefined.
inline const float* map_bias_of(const at::Tensor& map, const at::Tensor& bias) {
  if (!bias.defined()) {
    return nullptr;
  }
  TORCH_CHECK(bias.device() == map.device() && bias.scalar_type() == at::kFloat && bias.is_contiguous() &&
              bias.dim() == 1 && bias.size(0) == map.size(1));
  return bias.const_data_ptr<float>();
}

inline cudaStream_t stream_of(const at::Tensor& x) {
  return c10::cuda::getCurrentCUDAStream(x.device().index()).stream();
}

}  // namespace samsr::cuda
