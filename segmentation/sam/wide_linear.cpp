#include "segmentation/sam/wide_linear.h"

#include <ATen/ATen.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>

namespace samsr {
namespace {

using Linear = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                          c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// PyTorch's product by oneDNN, absent from builds without it.
std::optional<c10::TypedOperatorHandle<Linear>> find_operator() {
  const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  if (!found) {
    return {};
  }
  return found->typed<Linear>();
}

}  // namespace

at::Tensor wide_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  static const auto by_onednn = find_operator();
  // For weights with gaps between their rows oneDNN has only its reference loop, hundreds of times slower; sizes
  // that do not fill vectors gain nothing.
  const bool fits =
      weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && (weight.is_contiguous() || weight.t().is_contiguous());
  if (!fits || !by_onednn || !x.device().is_cpu() || x.scalar_type() != at::kFloat) {
    return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  }
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  return by_onednn->call(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, "none",
                         c10::List<std::optional<at::Scalar>>(), std::nullopt);
}

}  // namespace samsr
