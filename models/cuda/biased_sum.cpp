// Sums with a bias on a GPU: tensors to the kernels' pointers.

#include "models/cuda/biased_sum.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include <initializer_list>

#include "models/cuda/tensors.h"
#include "models/layers/biased_map.h"

namespace samsr::cuda {
namespace {

SumMaps sum_maps_of(std::initializer_list<at::Tensor> all) {
  const at::Tensor& x = *all.begin();
  return {x.size(0), x.size(1), x.size(2) * x.size(3), type_of_maps(all)};
}

}  // namespace

at::Tensor biased_sum(const at::Tensor& shortcut, const at::Tensor& map, const at::Tensor& bias) {
  const c10::cuda::CUDAGuard guard(map.device());
  const at::Tensor y = at::empty_like(map, at::MemoryFormat::Preserve);
  launch_biased_sum(sum_maps_of({map, shortcut, y}), shortcut.const_data_ptr(), map.const_data_ptr(),
                    map_bias_of(map, bias), y.mutable_data_ptr(), stream_of(map));
  return y;
}

at::Tensor channel_sums(const at::Tensor& map) {
  const c10::cuda::CUDAGuard guard(map.device());
  const SumMaps maps = sum_maps_of({map});
  const at::Tensor partials = floats_beside(map, {partials_of(maps)});
  const at::Tensor sums = floats_beside(map, {maps.channels});
  launch_channel_sums(maps, map.const_data_ptr(), partials.mutable_data_ptr<float>(), sums.mutable_data_ptr<float>(),
                      stream_of(map));
  return sums;
}

}  // namespace samsr::cuda
