#include "eval/metrics/musiq/musiq.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "models/weights/read_fitting_weights.h"

namespace samsr {

Musiq::Musiq(const MetricParts& parts)
    : Musiq(read_fitting_weights(parts.files.at(0), musiq_weights(), "MUSIQ with one output (KonIQ-10k)",
                                 [](std::string_view) { return false; }),
            parts) {}

Musiq::Musiq(const NamedWeights& weights, const MetricParts& parts)
    : NetworkMetric(parts), network_(weights, parts.device) {}

std::string Musiq::conventions() const {
  return "trained on KonIQ-10k, scales of 224, 384 and the picture's own, RGB in [-1,1]";
}

std::string Musiq::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  return musiq_defined_for(height, width)
             ? std::string()
             : fmt::format("{}x{} is less than a pixel wide when its longer side is 224", width, height);
}

at::Tensor Musiq::score_images(const at::Tensor& pred, const at::Tensor&) const {
  return network_(musiq_patches((pred - 0.5) * 2));
}

}  // namespace samsr
