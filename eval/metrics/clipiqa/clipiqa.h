#pragma once

#include "eval/metrics/network_metric.h"
#include "models/perceptual/clip_image.h"

namespace samsr {

/// Everything CLIPIQA takes from CLIP's RN50, under the official names.
std::vector<WantedWeight> clipiqa_weights();

/// CLIP-IQA (Wang et al. 2023) as pyiqa computes it: for five pairs of opposite prompts the softmax of the image's
/// cosine similarities to both, times CLIP's temperature; the mean share of the good prompts, in [0,1].
class Clipiqa : public NetworkMetric {
 public:
  /// The file is CLIP's RN50. UserError naming the file when it does not fit.
  explicit Clipiqa(const MetricParts& parts);
  /// `weights` hold clipiqa_weights(), of any number type; no file is read.
  Clipiqa(const NamedWeights& weights, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const override;

  const ClipImage image_;
  const at::Tensor prompts_;  ///< (1024,10) features of the prompts, of the length of the temperature
};

}  // namespace samsr
