#pragma once

#include "eval/metrics/metric.h"

namespace samsr {

/// A metric of a whole set of pictures against a set of references, as the Fréchet distance between the normal
/// distributions of their features (eval/metrics/fid/frechet.h). No picture has a score of its own: what it contributes
/// is computed here, and the figure where the set is measured.
class SetMetric : public Metric {
 public:
  explicit SetMetric(const MetricParts& parts) : Metric(parts), device_(parts.device) {}

  /// Numbers that a picture contributes.
  virtual std::int64_t feature_count() const = 0;
  /// One picture (1,3,H,W), uint8 or floating point in [0,1], on the CPU, after cropping and resizing: the network's
  /// input (1,3,S,S), float32. On the calling core, so that several can be prepared side by side.
  at::Tensor prepared(const at::Tensor& picture) const;
  /// Features (B,feature_count()), float32, on the CPU, of B pictures as from prepared().
  at::Tensor features(const at::Tensor& prepared) const;
  /// One line that tells features of other weights, another preprocessing or another kind of device apart.
  std::string fingerprint() const;

 private:
  at::Tensor score_cropped(const at::Tensor& pred, const at::Tensor& ref) const final;
  /// Of (1,3,H,W), uint8 or floating point in [0,1], after cropping.
  virtual at::Tensor prepared_cropped(const at::Tensor& picture) const = 0;
  /// Of (B,3,S,S), float32, channels last, on the device.
  virtual at::Tensor features_of(const at::Tensor& prepared) const = 0;
  /// Of the network's weights.
  virtual std::uint32_t checksum() const = 0;

  const c10::Device device_;
};

}  // namespace samsr
