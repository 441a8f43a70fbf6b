#include "models/layers/affine_rows.h"

#include <ATen/autocast_mode.h>

#include "core/kernels.h"
#include "models/layers/biased_map.h"

namespace samsr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class AffineRows : public torch::autograd::Function<AffineRows> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& rows, const at::Tensor& weight,
                            const at::Tensor& bias) {
    // Of what is frozen nobody asks what it was given.
    context->save_for_backward({weight.requires_grad() ? rows : at::Tensor(), weight});
    return at::addmm(bias.to(rows.scalar_type()), rows.flatten(0, 2), weight.t())
        .view({rows.size(0), rows.size(1), rows.size(2), weight.size(0)});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& rows = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor gradient = gradients[0].contiguous();
    const at::Tensor flat = gradient.flatten(0, 2);
    const at::Tensor of_rows =
        context->needs_input_grad(0)
            ? flat.mm(weight).view({gradient.size(0), gradient.size(1), gradient.size(2), weight.size(1)})
            : at::Tensor();
    return {of_rows, context->needs_input_grad(1) ? flat.t().mm(rows.flatten(0, 2)) : at::Tensor(),
            context->needs_input_grad(2) ? cuda::channel_sums(gradient.permute({0, 3, 1, 2})) : at::Tensor()};
  }
};

}  // namespace

at::Tensor affine_rows(const at::Tensor& rows, const at::Tensor& weight, const at::Tensor& bias) {
  const c10::DeviceType device = rows.device().type();
  const at::ScalarType type =
      at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : rows.scalar_type();
  const bool fits = type == at::kFloat || type == at::kBFloat16;
  if (!gpu_kernels(rows) || !fits || rows.dim() != 4 || !rows.is_contiguous() || !bias.defined()) {
    return at::linear(rows, weight, bias);
  }
  return AffineRows::apply(rows.to(type), weight.to(type), bias.to(at::kFloat));
}

}  // namespace samsr
