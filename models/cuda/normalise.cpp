// Group norm on a GPU: tensors to the kernels' pointers.

#include "models/cuda/normalise.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include <initializer_list>

#include "models/cuda/tensors.h"
#include "models/layers/normalise_kernels.h"

namespace samsr::cuda {
namespace {

NormaliseMaps maps_of(const Normalisation& how, std::initializer_list<at::Tensor> all) {
  const at::Tensor& x = *all.begin();
  TORCH_CHECK(x.size(1) % how.groups == 0);
  return {x.size(0), x.size(1), x.size(2) * x.size(3), static_cast<int>(how.groups), type_of_maps(all), how.silu};
}

/// What a kernel reads of weight and bias; they outlive the call.
Affine affine_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  for (const at::Tensor& each : {weight, bias}) {
    TORCH_CHECK(each.is_cuda() && each.scalar_type() == at::kFloat && each.is_contiguous() && each.dim() == 2 &&
                each.size(1) == x.size(1) && each.size(0) == weight.size(0));
  }
  TORCH_CHECK(weight.size(0) == 1 || weight.size(0) == x.size(0));
  return {weight.const_data_ptr<float>(), bias.const_data_ptr<float>(), weight.size(0) > 1};
}

Moments moments_of(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments) {
  return {moments.mean.const_data_ptr<float>(), moments.inverse_deviation.const_data_ptr<float>(),
          static_cast<int>(how.groups), map_bias_of(x, moments.map_bias)};
}

float* numbers_of(const at::Tensor& floats) { return floats.defined() ? floats.mutable_data_ptr<float>() : nullptr; }

}  // namespace

GroupMoments group_moments(const Normalisation& how, const at::Tensor& x, const at::Tensor& map_bias) {
  const c10::cuda::CUDAGuard guard(x.device());
  const NormaliseMaps maps = maps_of(how, {x});
  const at::Tensor partials = floats_beside(x, {partials_of(maps)});
  GroupMoments moments{floats_beside(x, {maps.batch, how.groups}), floats_beside(x, {maps.batch, how.groups}), map_bias,
                       map_bias.defined() ? floats_beside(x, {maps.batch, maps.channels}) : at::Tensor()};
  launch_moments(maps, how.epsilon, x.const_data_ptr(), map_bias_of(x, map_bias), numbers_of(partials),
                 {numbers_of(moments.mean), numbers_of(moments.inverse_deviation), numbers_of(moments.centred_sums)},
                 stream_of(x));
  return moments;
}

at::Tensor normalise_forward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                             const at::Tensor& weight, const at::Tensor& bias) {
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor y = at::empty_like(x, at::MemoryFormat::Preserve);
  launch_forward(maps_of(how, {x, y}), x.const_data_ptr(), moments_of(how, x, moments), affine_of(x, weight, bias),
                 y.mutable_data_ptr(), stream_of(x));
  return y;
}

NormaliseGradients normalise_backward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                                      const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient) {
  const c10::cuda::CUDAGuard guard(x.device());
  NormaliseGradients gradients{at::empty_like(x, at::MemoryFormat::Preserve), at::empty_like(weight),
                               at::empty_like(bias),
                               moments.map_bias.defined() ? at::empty_like(moments.map_bias) : at::Tensor()};
  const NormaliseMaps maps = maps_of(how, {x, gradient, gradients.x});
  const at::Tensor partials = floats_beside(x, {partials_of(maps)});
  const at::Tensor of_groups = floats_beside(x, {2, maps.batch, how.groups});
  const at::Tensor of_samples = floats_beside(x, {2, maps.batch, maps.channels});
  float* const slope = of_groups.mutable_data_ptr<float>();
  float* const weights = of_samples.mutable_data_ptr<float>();
  const BackwardBuffers buffers{partials.mutable_data_ptr<float>(), slope, slope + maps.batch * how.groups, weights,
                                weights + maps.batch * maps.channels};
  launch_backward(maps, x.const_data_ptr(), gradient.const_data_ptr(), moments_of(how, x, moments),
                  numbers_of(moments.centred_sums), affine_of(x, weight, bias), buffers,
                  {gradients.x.mutable_data_ptr(), numbers_of(gradients.weight), numbers_of(gradients.bias),
                   numbers_of(gradients.map_bias)},
                  stream_of(x));
  return gradients;
}

}  // namespace samsr::cuda
