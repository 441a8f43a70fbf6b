#pragma once
// Rollouts of the teacher that are cached with the data, so that distillation runs without the teacher.

#include <cstdint>
#include <string>

#include "core/settings.h"
#include "diffusion/method.h"
#include "diffusion/settings.h"

namespace samsr {

/// How many are cached of each sample, and how they are computed.
struct RolloutSettings {
  std::int64_t count = 1;
  std::uint64_t seed = 0;
  std::int64_t batch = 8;
  std::string precision = "fp32";

  /// Section `rollout.`.
  void bind(Settings& settings);
};

/// Seed of the noise from which rollout `k` of a sample starts: the one that training with train.seed = seed + k
/// uses at the position of the same number.
std::uint64_t rollout_noise_seed(std::uint64_t seed, std::int64_t k, std::uint64_t sample);

/// The line `train.recipe`: of a rollout, the first method that starts where this one does, samsr with masks and sinsr
/// without, so that one cache serves every student of the start.
std::string start_line(const Method& method, const SamSettings& sam);

/// The lines `samsr.*` where masks shape the noise, else none.
std::string sam_lines(const Method& method, const SamSettings& sam);

/// "key: value" lines of the settings that decide x_T, given noise, latents and coverage: `train.recipe`, those of the
/// schedule, and `samsr.*` where masks shape the noise. Training from cached rollouts needs the lines they were made
/// with.
std::string start_lines(const Method& method, const DiffusionSettings& diffusion, const SamSettings& sam);

/// UserError, naming the teacher's file `source`, unless a rollout by the teacher's schedule starts where the student's
/// does.
void check_same_start(const Method& method, const DiffusionSettings& teacher, const DiffusionSettings& student,
                      const SamSettings& sam, const std::string& source);

}  // namespace samsr
