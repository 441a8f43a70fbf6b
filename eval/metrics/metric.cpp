#include "eval/metrics/metric.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/parallel.h"
#include "eval/metrics/niqe.h"
#include "eval/metrics/psnr.h"
#include "eval/metrics/ssim.h"

namespace samsr {
namespace {

/// Batch ready for score_one: cropped, contiguous, on the CPU, uint8 or float64.
at::Tensor prepared(const at::Tensor& images, std::int64_t crop) {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3, "images are ", images.sizes(), ", expected (B,3,H,W)");
  TORCH_CHECK(images.scalar_type() == at::kByte || images.is_floating_point(), "images are ",
              images.scalar_type(), ", expected uint8 or floating point in [0,1]");
  at::Tensor cropped = images.detach();
  if (crop > 0) {
    cropped = cropped.slice(2, crop, images.size(2) - crop).slice(3, crop, images.size(3) - crop);
  }
  return cropped.to(at::kCPU, images.scalar_type() == at::kByte ? at::kByte : at::kDouble).contiguous();
}

}  // namespace

std::string Metric::protocol() const {
  return fmt::format("{}, {}", conventions(),
                     crop_border_ == 0 ? std::string("no border crop")
                                       : fmt::format("{} px cropped from each border", crop_border_));
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
  const std::int64_t batch = pred.size(0);
  at::Tensor scores = at::full({batch}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  if (!undefined_for(pred.size(2), pred.size(3)).empty()) {
    return scores;
  }
  const at::Tensor images = prepared(pred, crop_border_);
  at::Tensor references;
  if (needs_reference()) {
    TORCH_CHECK(ref.defined() && ref.sizes() == pred.sizes(), name(), ": pred is ", pred.sizes(),
                ", but ref differs");
    references = prepared(ref, crop_border_);
  }
  auto* out = scores.mutable_data_ptr<double>();
  in_parallel(batch, [&](std::int64_t i) {
    out[i] = score_one(images[i], references.defined() ? references[i] : at::Tensor());
  });
  return scores;
}

std::vector<std::string> metric_names() { return {"psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "niqe"}; }

std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t crop_border) {
  if (name == "psnr_y" || name == "psnr") {
    return std::make_unique<Psnr>(Channels::kLuma, crop_border);
  }
  if (name == "psnr_rgb") {
    return std::make_unique<Psnr>(Channels::kRgb, crop_border);
  }
  if (name == "ssim_y" || name == "ssim") {
    return std::make_unique<Ssim>(Channels::kLuma, crop_border);
  }
  if (name == "ssim_rgb") {
    return std::make_unique<Ssim>(Channels::kRgb, crop_border);
  }
  if (name == "niqe") {
    return std::make_unique<Niqe>(crop_border);
  }
  const std::string near = nearest_name(name, metric_names());
  throw UserError("unknown metric '{}'{}; known: {}", name,
                  near.empty() ? std::string() : fmt::format(", did you mean '{}'?", near),
                  fmt::join(metric_names(), ", "));
}

std::vector<std::unique_ptr<Metric>> make_metrics(const std::string& names, std::int64_t crop_border) {
  std::vector<std::unique_ptr<Metric>> metrics;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    auto metric = make_metric(name, crop_border);
    const bool known = std::any_of(metrics.begin(), metrics.end(),
                                   [&](const auto& other) { return other->name() == metric->name(); });
    if (!known) {
      metrics.push_back(std::move(metric));
    }
  }
  if (metrics.empty()) {
    throw UserError("no metric named; known: {}", fmt::join(metric_names(), ", "));
  }
  return metrics;
}

}  // namespace samsr
