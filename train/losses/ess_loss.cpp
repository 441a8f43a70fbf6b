#include "train/losses/ess_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "models/layers/autocast.h"

namespace samsr {
namespace {

constexpr double kSmallestLength = 1e-12;

}  // namespace

void EssSettings::bind(Settings& settings) {
  settings
      .add("ess.mode", mode,
           "distill.lambda_ess: global: the cosine between the embeddings of the two pictures; dense: the features of "
           "each patch")
      .one_of({"global", "dense"});
  settings
      .add("ess.patch", patch,
           "side of the patches of the CLIP ViT-B that looks, in pixels of its 224×224: 32 (ViT-B-32.pt) or 16 "
           "(ViT-B-16.pt), in weights.folder")
      .satisfies("16 or 32", [](const std::int64_t& value) { return value == 16 || value == 32; });
}

EssLoss::EssLoss(ClipVit tower, bool dense) : tower_(std::move(tower)), dense_(dense) {}

at::Tensor EssLoss::directions(const at::Tensor& images) const {
  const at::Tensor tokens = tower_.tokens(tower_.input(images));
  const at::Tensor features = dense_ ? tower_.patches(tokens) : tower_.embedding(tokens);
  return features / at::linalg_vector_norm(features, 2, at::IntArrayRef{-1}, true).clamp_min(kSmallestLength);
}

at::Tensor EssLoss::of(const at::Tensor& prediction, const at::Tensor& truth) const {
  const Autocast plain(prediction.device(), false);  // differences of nearly equal features
  at::Tensor expected;
  {
    const at::NoGradGuard no_gradients;
    expected = directions(truth);
  }
  const at::Tensor found = directions(prediction);
  return dense_ ? (found - expected).abs().mean({1, 2}) : 1 - (found * expected).sum(1);
}

std::shared_ptr<const EssLoss> make_ess_loss(double weight, const EssSettings& settings,
                                             const OfficialFilesSettings& files, c10::Device device, Log& log) {
  if (weight == 0) {
    return nullptr;
  }
  const OfficialFiles catalogue(files);
  const std::string name = fmt::format("clip_vit_b_{}", settings.patch);
  const auto file = catalogue.find(name);
  if (!file) {
    throw UserError("distill.lambda_ess is {}: {}, or set distill.lambda_ess=0", weight, catalogue.how_to_get(name));
  }
  log.info("ess          {} × the {} semantic error of the decoded prediction, {}", weight, settings.mode,
           file->string());
  return std::make_shared<const EssLoss>(read_clip_vit_b(settings.patch, *file, device), settings.mode == "dense");
}

}  // namespace samsr
