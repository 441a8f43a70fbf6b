#include "launch/config.h"

namespace samsr {

void Config::bind(Settings& settings) {
  build.bind(settings);
  loader.bind(settings);
  model.unet.bind(settings);
  model.diffusion.bind(settings);
  model.sam.bind(settings);
  rollout.bind(settings);
  train.bind(settings, run);
  resshift.bind(settings);
  distill.bind(settings);
  hfp.bind(settings);
  ess.bind(settings);
  perceptual.bind(settings);
  rsd.bind(settings);
  model.flow_map.bind(settings);
  flowmap.bind(settings);
  regression.bind(settings);
  network.bind(settings);
  semantic.bind(settings);
  coverage_net.bind(settings);
  validation.bind(settings);
  upscale.bind(settings);
  eval.bind(settings);
  weights.bind(settings);
}

void Config::share() {
  model.first_stage = build.first_stage;
  model.scale = build.data.scale;
  build.sam = model.sam;
  upscale.images = build.images;
  eval.images = build.images;
}

ModelArgument Config::model_argument(const std::string& path, const Settings& settings) const {
  return {path, model, train.recipe, upscale, build.masks, weights, model_settings_given(settings)};
}

}  // namespace samsr
