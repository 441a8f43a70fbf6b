#include "models/layers/normalise.h"

#include "core/kernels.h"
#include "models/layers/normalise_kernels.h"

namespace samsr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// x, the bias of its map (C) or none, weight (1 or B, C), bias (1 or B, C), float32 but for x -> normalise_forward()
/// of them.
class NormaliseFunction : public torch::autograd::Function<NormaliseFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const std::optional<at::Tensor>& map_bias,
                            const at::Tensor& weight, const at::Tensor& bias, std::int64_t groups, double epsilon,
                            bool silu) {
    const Normalisation how{groups, epsilon, silu};
    const GroupMoments moments = group_moments(how, x, map_bias.value_or(at::Tensor()));
    context->save_for_backward(
        {x, weight, bias, moments.mean, moments.inverse_deviation, moments.map_bias, moments.centred_sums});
    context->saved_data["groups"] = groups;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["silu"] = silu;
    return normalise_forward(how, x, moments, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Normalisation how{context->saved_data["groups"].toInt(), context->saved_data["epsilon"].toDouble(),
                            context->saved_data["silu"].toBool()};
    const at::Tensor gradient = gradients[0].to(saved[0].scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    const NormaliseGradients each =
        normalise_backward(how, saved[0], {saved[3], saved[4], saved[5], saved[6]}, saved[1], saved[2], gradient);
    return {each.x, each.map_bias, each.weight, each.bias, {}, {}, {}};
  }
};

/// weight, bias (C), scale, shift (B,C) -> what cuda::modulate() makes of them.
class ModulateFunction : public torch::autograd::Function<ModulateFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& weight, const at::Tensor& bias,
                               const at::Tensor& scale, const at::Tensor& shift) {
    context->save_for_backward({weight, bias, scale, shift});
    const cuda::ChannelAffine affine = cuda::modulate(weight, bias, scale, shift);
    return {affine.weight, affine.bias};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const cuda::ModulationGradients each = cuda::modulate_backward(
        saved[0], saved[1], saved[2], saved[3], {gradients[0].contiguous(), gradients[1].contiguous()});
    return {each.weight, each.bias, each.scale, each.shift};
  }
};

bool has_kernel(const at::Tensor& x) {
  return (cpu_kernels(x) || gpu_kernels(x)) && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && !x.is_contiguous();
}

/// Without a kernel: `modulated` of the normalised x, in float32 until the end, as the kernels compute. LibTorch's
/// group norm takes maps channel by channel on a GPU, so that type and layout change together, once each way.
template <typename Modulated>
at::Tensor by_operators(torch::nn::GroupNorm& norm, const at::Tensor& x, Activation activation,
                        const Modulated& modulated) {
  const at::ScalarType wide = at::promote_types(x.scalar_type(), at::kFloat);
  const at::Tensor y = modulated(norm->forward(x.to(wide, false, false, at::MemoryFormat::Contiguous)));
  return (activation == Activation::kSilu ? at::silu(y) : y)
      .to(x.scalar_type(), false, false, x.suggest_memory_format());
}

at::Tensor by_kernel(torch::nn::GroupNorm& norm, const BiasedMap& x, const at::Tensor& weight, const at::Tensor& bias,
                     Activation activation) {
  const auto map_bias = x.bias.defined() ? std::optional(x.bias.to(at::kFloat)) : std::nullopt;
  return NormaliseFunction::apply(x.map, map_bias, weight, bias, norm->options.num_groups(), norm->options.eps(),
                                  activation == Activation::kSilu);
}

}  // namespace

at::Tensor normalised(torch::nn::GroupNorm& norm, const at::Tensor& x, Activation activation) {
  if (!has_kernel(x)) {
    return by_operators(norm, x, activation, [](const at::Tensor& y) { return y; });
  }
  return by_kernel(norm, {x, {}}, norm->weight.unsqueeze(0), norm->bias.unsqueeze(0), activation);
}

at::Tensor normalised(torch::nn::GroupNorm& norm, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      Activation activation) {
  return normalised(norm, BiasedMap{x, {}}, scale, shift, activation);
}

at::Tensor normalised(torch::nn::GroupNorm& norm, const BiasedMap& x, const at::Tensor& scale, const at::Tensor& shift,
                      Activation activation) {
  if (x.bias.defined() && !(gpu_kernels(x.map) && has_kernel(x.map))) {
    return normalised(norm, whole(x), scale, shift, activation);
  }
  if (!has_kernel(x.map)) {
    return by_operators(norm, x.map, activation, [&](const at::Tensor& y) {
      const auto on_maps = [&](const at::Tensor& values) {
        return values.to(y.scalar_type()).unsqueeze(-1).unsqueeze(-1);
      };
      return y * (1 + on_maps(scale)) + on_maps(shift);
    });
  }
  if (gpu_kernels(x.map)) {
    const variable_list affine = ModulateFunction::apply(norm->weight, norm->bias, scale, shift);
    return by_kernel(norm, x, affine[0], affine[1], activation);
  }
  const at::Tensor gain = 1 + scale.to(at::kFloat);
  return by_kernel(norm, x, norm->weight * gain, norm->bias * gain + shift.to(at::kFloat), activation);
}

}  // namespace samsr
