#include "eval/metrics/perceptual.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include "models/perceptual/feature_distance.h"

namespace samsr {
namespace {

constexpr std::int64_t kSmallest = 32;

}  // namespace

Perceptual::Perceptual(const MetricParts& parts)
    : Perceptual(read_tiny_encoder(parts.files.at(0), parts.device), parts) {}

Perceptual::Perceptual(TinyEncoder encoder, const MetricParts& parts)
    : NetworkMetric(parts),
      encoder_(std::move(encoder)),
      block_weights_(tiny_encoder_blocks().size(), 1.0 / static_cast<double>(tiny_encoder_blocks().size())) {}

std::string Perceptual::conventions() const {
  return fmt::format("features of taesana's encoder behind its {} blocks, each of length 1, RGB in [0,1]",
                     block_weights_.size());
}

std::string Perceptual::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  return height >= kSmallest && width >= kSmallest
             ? std::string()
             : fmt::format("{}x{} is smaller than the {}x{} that the encoder needs", width, height, kSmallest,
                           kSmallest);
}

at::Tensor Perceptual::score_images(const at::Tensor& pred, const at::Tensor& ref) const {
  return feature_distance(encoder_.features(pred, tiny_encoder_blocks()), encoder_.features(ref, tiny_encoder_blocks()),
                          block_weights_);
}

}  // namespace samsr
