#include "train/losses/semantic_loss.h"

#include <torch/torch.h>

#include "core/error.h"
#include "train/checkpoints/checkpoint.h"

namespace samsr {
namespace {

std::unique_ptr<SemanticLoss> load_coverage_net_loss(const SemanticSettings& settings,
                                                     const SuperResolutionModel& model, c10::Device device, Log& log) {
  if (settings.weights.empty()) {
    throw UserError(
        "semantic.weights is not set: semantic.loss coverage_net needs the network that `samsr train "
        "train.recipe=coverage_net` trains on the same shards; name its folder, or set semantic.loss=none");
  }
  const std::filesystem::path path = find_weights(settings.weights, log);
  CoverageNet net = load_coverage_net(path, model.settings().first_stage, model.settings().scale);
  net->to(device);
  log.info("semantic     {} × coverage_net on {}s of {}, {}", settings.lambda, net->settings().input,
           settings.prediction, path.string());
  return make_coverage_net_loss(net, settings.lambda, settings.prediction == "from_gt");
}

}  // namespace

std::unique_ptr<SemanticLoss> make_semantic_loss(const SemanticSettings& settings, const TrainSettings& train,
                                                 const Method& method, const SuperResolutionModel& model,
                                                 c10::Device device, const MaskSettings& masks, Log& log) {
  if (settings.loss == "none" || (settings.loss == "auto" && !masks_shape_noise(method, model.settings().sam))) {
    return nullptr;
  }
  if (settings.loss == "amg") {
    log.info("semantic     semantic.loss amg is a count: no gradient; it is logged only, every {} steps",
             settings.every);
    return make_amg_loss({make_mask_source(masks, device), model.settings().scale, masks.pool_threshold,
                          model.settings().sam.released(), settings.every, train.global_batch,
                          settings.prediction == "from_gt"});
  }
  if (settings.loss == "auto" && settings.weights.empty()) {
    log.info("semantic     no L_SC: semantic.weights names no network of train.recipe=coverage_net");
    return nullptr;
  }
  return load_coverage_net_loss(settings, model, device, log);
}

}  // namespace samsr
