#pragma once
// What the callers of kernels ask of tensors.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>

#include <cstdint>
#include <initializer_list>

#include "models/cuda/map_type.h"

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

/// What kernels are compiled for, of maps (B,C,H,W) on one GPU that are alike: float32 or bfloat16, channels last.
inline MapType type_of_maps(std::initializer_list<at::Tensor> all) {
  const at::Tensor& x = *all.begin();
  for (const at::Tensor& each : all) {
    TORCH_CHECK(each.device() == x.device() && each.sizes() == x.sizes() && each.scalar_type() == x.scalar_type() &&
                each.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
  TORCH_CHECK(x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && x.numel() > 0);
  return {x.scalar_type() == at::kBFloat16, packable(x.size(1), all)};
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
