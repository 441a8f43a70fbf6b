#include "models/layers/wide_linear.h"

#include <ATen/ATen.h>

#include "core/kernels.h"
#include "models/layers/onednn_operator.h"

namespace samsr {
namespace {

using LinearPointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                   std::string_view, c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);

}  // namespace

at::Tensor wide_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  static const auto by_onednn = onednn_operator<LinearPointwise>("mkldnn::_linear_pointwise", "");
  // For weights with gaps between their rows oneDNN has only its reference loop, hundreds of times slower; sizes
  // that do not fill vectors gain nothing.
  const bool fits =
      weight.size(0) % 8 == 0 && weight.size(1) % 8 == 0 && (weight.is_contiguous() || weight.t().is_contiguous());
  if (!fits || !by_onednn || !cpu_kernels(x) || x.scalar_type() != at::kFloat) {
    return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  }
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  return by_onednn->call(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, "none", no_scalars(),
                         std::nullopt);
}

}  // namespace samsr
