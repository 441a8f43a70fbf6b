#include "models/layers/recompute.h"

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "models/layers/autocast.h"

namespace samsr {
namespace {

/// What the second call needs, beside the saved inputs.
struct Call final : torch::CustomClassHolder {
  TensorFunction function;
  std::size_t inputs = 0;
  bool autocast = false;
};

class Recompute final : public torch::autograd::Function<Recompute> {
 public:
  /// `tensors`: inputs, then parameters. The parameters are arguments so that their gradients take the usual way,
  /// past whoever waits for them.
  static at::Tensor forward(torch::autograd::AutogradContext* context, const c10::intrusive_ptr<Call>& call,
                            at::TensorList tensors) {
    context->save_for_backward(tensors.vec());
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return call->function(tensors.slice(0, call->inputs).vec());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto call = c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const torch::AutoGradMode with_gradient(true);
    std::vector<at::Tensor> leaves;
    for (std::size_t i = 0; i < saved.size(); ++i) {
      leaves.push_back(i < call->inputs ? saved[i].detach().requires_grad_(saved[i].requires_grad()) : saved[i]);
    }
    at::Tensor again;
    {
      const Autocast autocast(gradients[0].device(), call->autocast);
      again = call->function({leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(call->inputs)});
    }
    std::vector<at::Tensor> wanted;
    for (const at::Tensor& leaf : leaves) {
      if (leaf.requires_grad()) {
        wanted.push_back(leaf);
      }
    }
    if (!again.requires_grad()) {
      return torch::autograd::variable_list(1 +
                                            leaves.size());  // what has a gradient takes no part, the rest is frozen
    }
    // Some blocks do without one of their inputs, such as the step's embedding.
    const torch::autograd::variable_list found =
        torch::autograd::grad({again}, wanted, gradients, /*retain_graph=*/std::nullopt, /*create_graph=*/false,
                              /*allow_unused=*/true);
    torch::autograd::variable_list result(1);  // none for `call`
    std::size_t next = 0;
    for (const at::Tensor& leaf : leaves) {
      result.push_back(leaf.requires_grad() ? found[next++] : at::Tensor());
    }
    return result;
  }
};

}  // namespace

at::Tensor recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs,
                      const std::vector<at::Tensor>& parameters) {
  if (!torch::GradMode::is_enabled()) {
    return function(inputs);
  }
  auto call = c10::make_intrusive<Call>();
  call->function = function;
  call->inputs = inputs.size();
  call->autocast = at::autocast::is_autocast_enabled(inputs.front().device().type());
  std::vector<at::Tensor> tensors = inputs;
  tensors.insert(tensors.end(), parameters.begin(), parameters.end());
  return Recompute::apply(call, at::TensorList(tensors));
}

}  // namespace samsr
