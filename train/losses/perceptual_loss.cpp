#include "train/losses/perceptual_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "models/perceptual/feature_distance.h"

namespace samsr {

void PerceptualSettings::bind(Settings& settings) {
  settings
      .add(
          "perceptual.weights", weights,
          "distill.lambda_perceptual and rsd.lambda_perceptual: the encoder of a tiny autoencoder whose features are "
          "compared (taesana_encoder.pth, or another file of its layout); empty: taesana_encoder.pth of weights.folder")
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
  return feature_distance(features(prediction), expected, block_weights_);
}

std::shared_ptr<const PerceptualLoss> make_perceptual_loss(double weight, const char* key,
                                                           const PerceptualSettings& settings,
                                                           const OfficialFilesSettings& files, c10::Device device,
                                                           Log& log) {
  if (weight == 0) {
    return nullptr;
  }
  std::filesystem::path file = settings.weights;
  if (file.empty()) {
    constexpr const char* kOfficial = "taesana_encoder";
    const OfficialFiles catalogue(files);
    const auto found = catalogue.find(kOfficial);
    if (!found) {
      throw UserError("{} is {}: {}, or give a file of its layout as perceptual.weights=FILE, or set {}=0", key, weight,
                      catalogue.how_to_get(kOfficial), key);
    }
    file = *found;
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
           fmt::join(settings.blocks, ", "), file.string());
  return std::make_shared<const PerceptualLoss>(read_tiny_encoder(file, device), settings.blocks,
                                                std::move(block_weights));
}

}  // namespace samsr
