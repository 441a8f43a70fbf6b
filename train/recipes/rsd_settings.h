#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "diffusion/schedule.h"
#include "train/settings.h"

namespace samsr {

/// The recipe rsd. Section `rsd.`. Published (P), of its released trainer or of related code (C), or our choice (O):
/// beside each.
struct RsdSettings {
  std::int64_t node_count = 4;            ///< P
  std::vector<std::int64_t> nodes;        ///< O: empty: ⌈T·n/N⌉-1
  std::int64_t fake_steps = 5;            ///< P
  std::string gradient = "full";          ///< P
  std::string normalisation = "sid";      ///< C
  double lambda_lpips = 2;                ///< P
  std::string lpips_net = "alex";         ///< C
  double lambda_perceptual = 0;           ///< O: where LPIPS's files are missing, or too slow
  double lambda_gan = 3e-3;               ///< P
  std::int64_t gan_step = 0;              ///< O
  std::int64_t head_kernel = 4;           ///< C (DMD2)
  std::int64_t head_groups = 32;          ///< C (DMD2)
  OptimizerSettings fake{.beta2 = 0.95};  ///< P: of the fake network and its head

  void bind(Settings& settings);

  /// The steps that the student is asked at: N of them, ending at T-1. UserError where the schedule has not so many, or
  /// not the ones that are named.
  std::vector<std::int64_t> nodes_of(const Schedule& schedule) const;
};

}  // namespace samsr
