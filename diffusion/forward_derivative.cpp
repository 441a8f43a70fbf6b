#include "diffusion/forward_derivative.h"

#include <torch/csrc/autograd/forward_grad.h>
#include <torch/torch.h>

namespace samsr {
namespace {

/// A level of dual tensors; their tangents end with it.
class DualLevel {
 public:
  DualLevel() : index_(torch::autograd::ForwardADLevel::get_next_idx()) {}
  ~DualLevel() { torch::autograd::ForwardADLevel::release_idx(index_); }
  DualLevel(const DualLevel&) = delete;
  DualLevel& operator=(const DualLevel&) = delete;

  std::int64_t index() const { return static_cast<std::int64_t>(index_); }

 private:
  const std::uint64_t index_;
};

}  // namespace

ForwardDerivative forward_derivative(const std::function<at::Tensor(const std::vector<at::Tensor>&)>& f,
                                     const std::vector<at::Tensor>& point, const std::vector<at::Tensor>& tangents) {
  TORCH_CHECK(point.size() == tangents.size(), "forward_derivative: ", point.size(), " points and ", tangents.size(),
              " tangents");
  const torch::NoGradGuard no_grad;
  const DualLevel level;
  std::vector<at::Tensor> dual;
  for (std::size_t k = 0; k < point.size(); ++k) {
    dual.push_back(at::_make_dual(point[k], tangents[k], level.index()));
  }
  const auto [value, along] = at::_unpack_dual(f(dual), level.index());
  // A tangent that is not there is zero.
  return {value.detach().clone(), along.defined() ? along.detach().clone() : at::zeros_like(value)};
}

}  // namespace samsr
