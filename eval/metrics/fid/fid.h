#pragma once

#include "eval/metrics/set_metric.h"
#include "models/perceptual/inception.h"

namespace samsr {

/// How pictures come to the 299x299 of InceptionV3. Figures of one kind say nothing about those of the other.
enum class FidResizing {
  kClean,    ///< clean-fid, pyiqa's default: Pillow's bicubic with antialiasing in floating point, (x - 128) / 128
  kPytorch,  ///< pytorch-fid: bilinear without antialiasing, 2 x / 255 - 1
};

/// Fréchet inception distance (Heusel et al. 2017): `fid` and `fid_pytorch`. Features are "pool3" of FID's InceptionV3.
class Fid : public SetMetric {
 public:
  /// The file is pt_inception-2015-12-05. UserError naming it when it does not fit.
  Fid(FidResizing resizing, const MetricParts& parts);
  /// `weights` hold inception_weights(), of any number type; no file is read.
  Fid(FidResizing resizing, const NamedWeights& weights, const MetricParts& parts);

  std::int64_t feature_count() const override { return Inception::kFeatures; }

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor prepared_cropped(const at::Tensor& picture) const override;
  at::Tensor features_of(const at::Tensor& prepared) const override;
  std::uint32_t checksum() const override { return checksum_; }

  const FidResizing resizing_;
  const Inception network_;
  const std::uint32_t checksum_;
};

/// A picture (1,3,H,W), levels 0 … 255 of any number type, at 299x299, in levels, float32: the first step of both
/// kinds.
at::Tensor resized_for_fid(const at::Tensor& levels, FidResizing resizing);

}  // namespace samsr
