#include "train/losses/perceptual_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "models/layers/autocast.h"
#include "models/perceptual/lpips_difference.h"

namespace samsr {

void PerceptualSettings::bind(Settings& settings) {
  settings
      .add("perceptual.weights", weights,
           "distill.lambda_perceptual: the encoder of a tiny autoencoder whose features are compared "
           "(taesana_encoder.pth, or another file of its layout)")
      .path();
  settings.add("perceptual.blocks", blocks, "numbers of the encoder's blocks whose features are compared, ascending")
      .between(0, 1024);
  settings
      .add("perceptual.block_weights", block_weights, "weight of each of perceptual.blocks; empty: all alike, 1 in all")
      .between(0.0, 1e6);
}

PerceptualLoss::PerceptualLoss(TinyEncoder encoder, std::vector<std::int64_t> blocks, std::vector<double> block_weights)
    : encoder_(std::move(encoder)), blocks_(std::move(blocks)), block_weights_(std::move(block_weights)) {
  TORCH_CHECK(blocks_.size() == block_weights_.size(), blocks_.size(), " blocks, ", block_weights_.size(), " weights");
}

at::Tensor PerceptualLoss::of(const at::Tensor& prediction, const at::Tensor& truth) const {
  const auto features = [&](const at::Tensor& images) {
    return encoder_.features((images.to(at::kFloat) + 1) / 2, blocks_);
  };
  std::vector<at::Tensor> expected;
  {
    const at::NoGradGuard no_gradients;
    expected = features(truth);
  }
  const std::vector<at::Tensor> found = features(prediction);
  const Autocast plain(prediction.device(), false);  // differences of nearly equal features
  at::Tensor sum;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const at::Tensor both = at::cat({found[i].to(at::kFloat), expected[i].to(at::kFloat)});
    const at::Tensor alike = at::full({both.size(1)}, block_weights_[i], both.options());
    const at::Tensor part = lpips_difference(both.contiguous(at::MemoryFormat::ChannelsLast), alike);
    sum = sum.defined() ? sum + part : part;
  }
  return sum.to(at::kFloat);
}

std::shared_ptr<const PerceptualLoss> make_perceptual_loss(double weight, const PerceptualSettings& settings,
                                                           c10::Device device, Log& log) {
  if (weight == 0) {
    return nullptr;
  }
  if (settings.weights.empty()) {
    throw UserError(
        "distill.lambda_perceptual is {}: perceptual.weights is not set; give it as perceptual.weights=FILE", weight);
  }
  const std::vector<std::int64_t>& known = tiny_encoder_blocks();
  const bool ascending = std::ranges::adjacent_find(settings.blocks, std::greater_equal<>()) == settings.blocks.end();
  if (settings.blocks.empty() || !ascending || !std::ranges::all_of(settings.blocks, [&](std::int64_t block) {
        return std::ranges::count(known, block) == 1;
      })) {
    throw UserError("perceptual.blocks is [{}], expected one or more of {}, ascending",
                    fmt::join(settings.blocks, ", "), fmt::join(known, ", "));
  }
  std::vector<double> block_weights = settings.block_weights;
  if (block_weights.empty()) {
    block_weights.assign(settings.blocks.size(), 1.0 / static_cast<double>(settings.blocks.size()));
  }
  if (block_weights.size() != settings.blocks.size()) {
    throw UserError("perceptual.block_weights has {} numbers, expected one for each of the {} perceptual.blocks",
                    block_weights.size(), settings.blocks.size());
  }
  log.info("perceptual   {} × the distance of features of the decoded prediction, blocks {} of {}", weight,
           fmt::join(settings.blocks, ", "), settings.weights);
  return std::make_shared<const PerceptualLoss>(read_tiny_encoder(settings.weights, device), settings.blocks,
                                                std::move(block_weights));
}

}  // namespace samsr
