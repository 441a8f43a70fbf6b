#include "eval/metrics/network_metric.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace samsr {
namespace {

/// Images that pass through a network together, in pixels: more gain no speed, and their maps need memory.
constexpr std::int64_t kPixelsAtATime = std::int64_t{1} << 18;

at::Tensor as_input(const at::Tensor& images, c10::Device device) {
  const bool bytes = images.scalar_type() == at::kByte;
  const at::Tensor moved = images.to(device).to(at::kFloat, false, bytes, at::MemoryFormat::ChannelsLast);
  return bytes ? moved.div_(255) : moved;
}

}  // namespace

at::Tensor NetworkMetric::score_cropped(const at::Tensor& pred, const at::Tensor& ref) const {
  const at::NoGradGuard no_gradients;
  const std::int64_t together = std::max<std::int64_t>(1, kPixelsAtATime / (pred.size(2) * pred.size(3)));
  std::vector<at::Tensor> scores;
  for (std::int64_t first = 0; first < pred.size(0); first += together) {
    const auto part = [&](const at::Tensor& images) {
      return as_input(images.slice(0, first, std::min(first + together, pred.size(0))), device_);
    };
    scores.push_back(score_images(part(pred), ref.defined() ? part(ref) : at::Tensor()));
  }
  return at::cat(scores);
}

}  // namespace samsr
