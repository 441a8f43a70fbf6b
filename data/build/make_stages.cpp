#include "data/build/make_stages.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "comm/device.h"
#include "core/error.h"
#include "core/own_file.h"
#include "data/build/crop.h"
#include "data/build/stages/latents_stage.h"
#include "data/build/stages/masks_stage.h"
#include "data/build/stages/pairs_stage.h"
#include "data/photographs/scan.h"

namespace samsr {
namespace {

/// What indices of photographs of any version hold.
constexpr const char* kPhotographIndexMark = "samsr-photographs/";

/// The stages to do, in their order.
std::vector<std::string> chosen_stages(const BuildOptions& options, const DataSettings& settings) {
  const auto chosen = [&](const std::string& name) {
    if (options.stages.empty()) {
      return name == "pairs" || name == "masks" || (name == "latents" && settings.latents);
    }
    return std::any_of(options.stages.begin(), options.stages.end(),
                       [&](const std::string& each) { return each == name || each == "all"; });
  };
  for (const std::string& name : options.stages) {
    if (name != "all" && std::count(stage_names().begin(), stage_names().end(), name) == 0) {
      throw UserError("--stage {}: no such stage; choose of {}, all", name, fmt::join(stage_names(), ", "));
    }
  }
  std::vector<std::string> names;
  std::copy_if(stages_as_done().begin(), stages_as_done().end(), std::back_inserter(names), chosen);
  return names;
}

}  // namespace

std::unique_ptr<PhotographIndex> usable_photographs(const BuildSettings& build, Communicator& comm, Log& log) {
  const DataSettings& settings = build.data;
  check_own_file(photograph_index_path(settings.out), kPhotographIndexMark);
  const int crop = crop_size(settings);
  const bool leaves_out = settings.small_photographs == kLeaveSmallOut;
  auto index =
      index_photographs(settings.images, {leaves_out ? std::max(settings.min_size, crop) : settings.min_size, crop},
                        build.images, settings.out, comm, log);
  const PhotographSummary& summary = index->summary();
  if (summary.below_crop > 0) {
    log.warning(
        "{} photographs are smaller than the {} pixels that are cut and are {} (data.small_photographs={}): {}{}",
        summary.below_crop, crop, settings.small_photographs == kReflectSmall ? "continued by reflection" : "enlarged",
        settings.small_photographs, fmt::join(summary.small, ", "),
        summary.below_crop > summary.small.size() ? ", …" : "");
  }
  return index;
}

BuildStages make_stages(const BuildSettings& settings, const BuildOptions& options, Communicator& comm, Log& log) {
  BuildStages made;
  const auto network_device = [&](bool network) {
    return network ? choose_device(options.run, comm).device : c10::Device(c10::kCPU);
  };
  const auto make = [&](const std::string& name) -> std::unique_ptr<Stage> {
    if (name == "pairs") {
      if (settings.data.images.empty()) {
        throw UserError("data.images is not set; give the folder of the photographs, data.images=DIR");
      }
      made.photographs = usable_photographs(settings, comm, log);
      return make_pairs_stage(settings, *made.photographs);
    }
    if (name == "masks") {
      return make_masks_stage(settings, network_device(settings.masks.source == "sam"));
    }
    if (name == "latents") {
      return make_latents_stage(settings.first_stage, network_device(settings.first_stage.type == "vq_f4"));
    }
    return std::make_unique<RolloutStage>(options.rollout, network_device(true), log);
  };
  made.list.named = options.replace && !options.stages.empty();
  const std::vector<std::string> names = chosen_stages(options, settings.data);
  // The first stage reads all photographs, which may take hours; networks whose weights are missing are found before.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    made.list.stages.insert(made.list.stages.begin(), make(*name));
  }
  return made;
}

}  // namespace samsr
