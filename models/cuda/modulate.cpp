// The step's modulation on a GPU: tensors to the kernels' pointers.

#include "models/cuda/modulate.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "models/layers/normalise_kernels.h"

namespace samsr::cuda {
namespace {

template <class S>
Modulation<S> modulation_of(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                            const at::Tensor& shift) {
  for (const at::Tensor& each : {weight, bias}) {
    TORCH_CHECK(each.is_cuda() && each.scalar_type() == at::kFloat && each.dim() == 1 && each.is_contiguous());
  }
  for (const at::Tensor& each : {scale, shift}) {
    TORCH_CHECK(each.is_cuda() && each.dim() == 2 && each.sizes() == scale.sizes() && each.size(1) == weight.size(0) &&
                each.stride(1) == 1 && each.scalar_type() == scale.scalar_type());
  }
  TORCH_CHECK(weight.sizes() == bias.sizes() && scale.numel() > 0);
  return {static_cast<int>(scale.size(0)),
          static_cast<int>(scale.size(1)),
          weight.const_data_ptr<float>(),
          bias.const_data_ptr<float>(),
          static_cast<const S*>(scale.const_data_ptr()),
          static_cast<const S*>(shift.const_data_ptr()),
          scale.stride(0),
          shift.stride(0)};
}

/// use.operator()<S>(), S the type of scale and shift.
template <class Use>
void with_type_of(const at::Tensor& scale, const Use& use) {
  TORCH_CHECK(scale.scalar_type() == at::kFloat || scale.scalar_type() == at::kBFloat16);
  scale.scalar_type() == at::kFloat ? use.template operator()<float>() : use.template operator()<BrainFloat>();
}

}  // namespace

ChannelAffine modulate(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                       const at::Tensor& shift) {
  const c10::cuda::CUDAGuard guard(scale.device());
  const at::TensorOptions options = weight.options();
  ChannelAffine affine{at::empty(scale.sizes(), options), at::empty(scale.sizes(), options)};
  with_type_of(scale, [&]<class S>() {
    launch(Modulate<S>{modulation_of<S>(weight, bias, scale, shift), affine.weight.mutable_data_ptr<float>(),
                       affine.bias.mutable_data_ptr<float>()},
           c10::cuda::getCurrentCUDAStream().stream());
  });
  return affine;
}

ModulationGradients modulate_backward(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                                      const at::Tensor& shift, const ChannelAffine& gradient) {
  const c10::cuda::CUDAGuard guard(scale.device());
  for (const at::Tensor& each : {gradient.weight, gradient.bias}) {
    TORCH_CHECK(each.is_cuda() && each.scalar_type() == at::kFloat && each.sizes() == scale.sizes() &&
                each.is_contiguous());
  }
  ModulationGradients gradients{at::empty_like(weight), at::empty_like(bias), at::empty(scale.sizes(), scale.options()),
                                at::empty(shift.sizes(), shift.options())};
  with_type_of(scale, [&]<class S>() {
    launch(ModulateBackward<S>{modulation_of<S>(weight, bias, scale, shift), gradient.weight.const_data_ptr<float>(),
                               gradient.bias.const_data_ptr<float>(), gradients.weight.mutable_data_ptr<float>(),
                               gradients.bias.mutable_data_ptr<float>(),
                               static_cast<S*>(gradients.scale.mutable_data_ptr()),
                               static_cast<S*>(gradients.shift.mutable_data_ptr())},
           c10::cuda::getCurrentCUDAStream().stream());
  });
  return gradients;
}

}  // namespace samsr::cuda
