#include "models/layers/biased_map.h"

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

  static variable_list backward(AutogradContext* /*context*/, const variable_list& gradients) {
    const at::Tensor& gradient = gradients[0];
    return {gradient, gradient, cuda::channel_sums(gradient.contiguous(at::MemoryFormat::ChannelsLast))};
  }
};

bool have_kernel(const at::Tensor& shortcut, const at::Tensor& map) {
  return gpu_kernels(map) && (map.scalar_type() == at::kFloat || map.scalar_type() == at::kBFloat16) &&
         shortcut.scalar_type() == map.scalar_type() && shortcut.sizes() == map.sizes() &&
         map.is_contiguous(at::MemoryFormat::ChannelsLast) && shortcut.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

BiasedMap convolved(torch::nn::Conv2d& conv, const at::Tensor& x) {
  if (!gpu_kernels(x) || !conv->bias.defined()) {
    return {conv(x), {}};
  }
  const auto& how = conv->options;
  return {at::conv2d(x, conv->weight, {}, *how.stride(), *std::get<torch::ExpandingArray<2>>(how.padding()),
                     *how.dilation(), how.groups()),
          conv->bias};
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
