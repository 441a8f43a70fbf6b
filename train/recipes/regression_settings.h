#pragma once

#include <cstdint>
#include <vector>

#include "core/settings.h"
#include "train/losses/sharpened_truth.h"

namespace samsr {

/// The losses of the recipe regression, which compare pictures in [0,1]. Losses of weight 0 are not computed. Section
/// `regression.`.
struct RegressionSettings {
  double lambda_l1 = 1;
  double lambda_perceptual = 0;
  std::vector<double> layer_weights{0.1, 0.1, 1, 1, 1};
  double lambda_adversarial = 0;
  SharpenSettings usm;

  void bind(Settings& settings);
};

}  // namespace samsr
