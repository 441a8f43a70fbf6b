#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"
#include "diffusion/settings.h"

namespace samsr {

/// The recipe flowmap, beside FlowMapSettings, which its model files carry. Section `flowmap.`. Published (P), of
/// related methods' papers or code (C), or our choice (O): beside each.
struct FlowMapTrainSettings {
  std::string variant = "shortcut";                         ///< P
  double diag_fraction = 0.75;                              ///< C (arXiv 2505.18825)
  double lambda_off = 1;                                    ///< O
  double sigma = 0.005;                                     ///< C (LBM)
  double p_neg = 0.05;                                      ///< C (S3Diff)
  std::string intervals = "uniform";                        ///< O; dyadic: C (shortcut-models)
  std::int64_t dyadic_levels = 7;                           ///< C (shortcut-models)
  std::string target_net = "auto";                          ///< C
  std::string guidance_net = "ema";                         ///< O
  std::vector<double> critic_times{0.25, 0.5, 0.75, 0.95};  ///< O, of the second stage

  void bind(Settings& settings);

  /// Whether targets are the average's, else those of the network that is trained.
  bool averaged_targets() const;
  /// Samples of a batch of `batch` whose interval is a point. UserError where there are none or nothing else although
  /// diag_fraction asks for both.
  std::int64_t diagonal_samples(std::int64_t batch) const;
  /// UserError where there is no loss, or the variant cannot bear the time scale of `model`.
  void check(const FlowMapSettings& model) const;
};

}  // namespace samsr
