#include "eval/metrics/metric.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

namespace samsr {

at::Tensor Metric::cropped(const at::Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3, "images are ", images.sizes(), ", expected (B,3,H,W)");
  TORCH_CHECK(images.scalar_type() == at::kByte || images.is_floating_point(), "images are ", images.scalar_type(),
              ", expected uint8 or floating point in [0,1]");
  const at::Tensor plain = images.detach();
  return crop_border_ == 0 ? plain
                           : plain.slice(2, crop_border_, images.size(2) - crop_border_)
                                 .slice(3, crop_border_, images.size(3) - crop_border_);
}

std::string Metric::protocol() const {
  return fmt::format(
      "{}, {}", conventions(),
      crop_border_ == 0 ? std::string("no border crop") : fmt::format("{} px cropped from each border", crop_border_));
}

std::string Metric::undefined_for(std::int64_t height, std::int64_t width) const {
  const std::int64_t inner_height = height - 2 * crop_border_;
  const std::int64_t inner_width = width - 2 * crop_border_;
  if (inner_height < 1 || inner_width < 1) {
    return fmt::format("nothing is left of {}x{} after cropping {} px", width, height, crop_border_);
  }
  return undefined_for_cropped(inner_height, inner_width);
}

at::Tensor Metric::score(const at::Tensor& pred) const {
  TORCH_CHECK(!needs_reference(), name(), " needs a reference");
  return score(pred, at::Tensor());
}

at::Tensor Metric::score(const at::Tensor& pred, const at::Tensor& ref) const {
  TORCH_CHECK(pred.dim() == 4, "pred is ", pred.sizes(), ", expected (B,3,H,W)");
  if (pred.size(0) == 0 || !undefined_for(pred.size(2), pred.size(3)).empty()) {
    return at::full({pred.size(0)}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  }
  at::Tensor reference;
  if (needs_reference()) {
    TORCH_CHECK(ref.defined() && ref.sizes() == pred.sizes(), name(), ": pred is ", pred.sizes(), ", but ref differs");
    reference = cropped(ref);
  }
  return score_cropped(cropped(pred), reference).to(at::kCPU, at::kDouble);
}

}  // namespace samsr
