#include "data/build/stages/rollout_settings.h"

#include "core/error.h"
#include "core/setting_lines.h"
#include "diffusion/noise.h"

namespace samsr {
namespace {

/// They concern the network alone, and a student may differ from its teacher in them.
bool of_network(const std::string& key) {
  return key == "diffusion.predict_type" || key == "diffusion.normalize_input";
}

/// It says whether masks shape the noise, which the line train.recipe says already.
bool of_choice(const std::string& key) { return key == "samsr.mask_noise"; }

}  // namespace

void RolloutSettings::bind(Settings& settings) {
  settings.add("rollout.count", count, "rollouts of the teacher cached of each sample, from different noise")
      .between(1, 64);
  settings.add("rollout.seed", seed, "seed of the noise that they start from").at_least(0U);
  settings.add("rollout.batch", batch, "samples of a shard rolled out at once").between(1, 4096);
  settings.add("rollout.precision", precision, "bf16: the teacher under autocast").one_of({"fp32", "bf16"});
}

std::uint64_t rollout_noise_seed(std::uint64_t seed, std::int64_t k, std::uint64_t sample) {
  return noise_seed(seed + static_cast<std::uint64_t>(k), sample);
}

std::string start_line(const Method& method, const SamSettings& sam) {
  return std::string("train.recipe: ") + (masks_shape_noise(method, sam) ? "samsr" : "sinsr") + "\n";
}

std::string sam_lines(const Method& method, const SamSettings& sam) {
  SamSettings copy = sam;
  Settings registry;
  copy.bind(registry);
  return masks_shape_noise(method, sam)
             ? setting_lines(registry, [](const std::string& key) { return !of_choice(key); })
             : std::string();
}

std::string start_lines(const Method& method, const DiffusionSettings& diffusion, const SamSettings& sam) {
  DiffusionSettings copy = diffusion;
  Settings registry;
  copy.bind(registry);
  return start_line(method, sam) + setting_lines(registry, [](const std::string& key) { return !of_network(key); }) +
         sam_lines(method, sam);
}

void check_same_start(const Method& method, const DiffusionSettings& teacher, const DiffusionSettings& student,
                      const SamSettings& sam, const std::string& source) {
  const std::string theirs = start_lines(method, teacher, sam);
  const std::string ours = start_lines(method, student, sam);
  if (theirs != ours) {
    throw UserError("{}: the teacher has another schedule than the student: {}", source,
                    first_difference(theirs, ours));
  }
}

}  // namespace samsr
