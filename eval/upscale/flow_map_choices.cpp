#include "eval/upscale/flow_map_choices.h"

#include <algorithm>

#include "core/error.h"

namespace samsr {
namespace {

/// UserError where a flow map is asked for what belongs to the noise of others, or another model for what belongs to a
/// flow map.
void check_choices(const LoadedModel& loaded, const UpscaleSettings& settings) {
  if (!loaded.method->flow_map) {
    const UpscaleSettings defaults;
    if (settings.steps != defaults.steps || settings.guidance != defaults.guidance ||
        settings.omega != defaults.omega || settings.prompt != defaults.prompt || settings.sampler == kEulerSampler) {
      throw UserError(
          "upscale.steps, upscale.guidance, upscale.omega, upscale.prompt and upscale.sampler=euler are of flow maps "
          "(train.recipe=flowmap), and this model is none ({}): leave them out",
          loaded.method->name);
    }
    return;
  }
  if ((settings.sampler != "auto" && settings.sampler != kEulerSampler) || settings.noise != "auto" ||
      settings.masks != "auto") {
    throw UserError(
        "a flow map starts from the enlarged picture without noise, so that upscale.sampler other than euler, "
        "upscale.noise and upscale.masks are of no use to it: leave them out");
  }
}

}  // namespace

FlowMapSampling flow_map_sampling(const LoadedModel& loaded, const UpscaleSettings& settings) {
  check_choices(loaded, settings);
  FlowMapSampling sampling{.steps = std::max<std::int64_t>(settings.steps, 1),
                           .euler = settings.sampler == kEulerSampler};
  if (!loaded.method->flow_map) {
    return sampling;
  }
  const FlowMapSettings& model = loaded.model->settings().flow_map;
  const bool guided = settings.guidance == "infer" || (settings.guidance == "auto" && !model.guided_in_training());
  const bool negative = settings.prompt == "negative";
  if (guided && negative) {
    throw UserError(
        "upscale.prompt is negative, but guidance while sampling asks both prompts: leave it out, or set "
        "upscale.guidance=train");
  }
  if (!guided && settings.omega != 0) {
    throw UserError(
        "upscale.omega is {}, but this flow map is sampled without guidance, which is part of its training: leave it "
        "out, or set upscale.guidance=infer",
        settings.omega);
  }
  sampling.prompt = negative ? kNegativePrompt : kPositivePrompt;
  sampling.omega = !guided ? 1 : settings.omega != 0 ? settings.omega : model.omega;
  return sampling;
}

}  // namespace samsr
