#include "models/layers/biased_map.h"

#include <optional>
#include <variant>

#include "core/kernels.h"

namespace samsr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class BiasedSum : public torch::autograd::Function<BiasedSum> {
 public:
  static at::Tensor forward(AutogradContext* /*context*/, const at::Tensor& shortcut, const at::Tensor& map,
                            const at::Tensor& bias) {
    return cuda::biased_sum(shortcut, map, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor& gradient = gradients[0];
    return {gradient, gradient,
            context->needs_input_grad(2) ? cuda::channel_sums(gradient.contiguous(at::MemoryFormat::ChannelsLast))
                                         : at::Tensor()};
  }
};

bool have_kernel(const at::Tensor& shortcut, const at::Tensor& map) {
  return gpu_kernels(map) && (map.scalar_type() == at::kFloat || map.scalar_type() == at::kBFloat16) &&
         shortcut.scalar_type() == map.scalar_type() && shortcut.sizes() == map.sizes() &&
         map.is_contiguous(at::MemoryFormat::ChannelsLast) && shortcut.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

BiasedMap convolved(torch::nn::Conv2d& conv, const at::Tensor& x) {
  return convolved(conv->options, conv->weight, conv->bias, x);
}

BiasedMap convolved(const torch::nn::detail::ConvNdOptions<2>& how, const at::Tensor& weight, const at::Tensor& bias,
                    const at::Tensor& x) {
  const bool beside = gpu_kernels(x) && bias.defined();
  const at::Tensor map =
      at::conv2d(x, weight, beside || !bias.defined() ? std::nullopt : std::optional(bias), *how.stride(),
                 *std::get<torch::ExpandingArray<2>>(how.padding()), *how.dilation(), how.groups());
  return {map, beside ? bias : at::Tensor()};
}

at::Tensor whole(const BiasedMap& x) {
  return x.bias.defined() ? x.map + x.bias.to(x.map.scalar_type()).view({1, -1, 1, 1}) : x.map;
}

at::Tensor sum_of(const at::Tensor& shortcut, const BiasedMap& x) {
  if (x.bias.defined() && have_kernel(shortcut, x.map)) {
    return BiasedSum::apply(shortcut, x.map, x.bias.to(at::kFloat));
  }
  return shortcut + whole(x);
}

}  // namespace samsr
