#pragma once
// Image quality metrics as pyiqa and BasicSR compute them. Images are batches (B,3,H,W), RGB, uint8 or
// floating point in [0,1], on any device; the computation runs on the CPU in double precision.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace samsr {

class Metric {
 public:
  /// `crop_border`: pixels left out on each side before measuring.
  explicit Metric(std::int64_t crop_border) : crop_border_(crop_border) {}
  virtual ~Metric() = default;
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  /// Canonical name, such as "psnr_y".
  virtual std::string name() const = 0;
  virtual bool needs_reference() const = 0;
  virtual bool higher_is_better() const = 0;
  /// Digits behind the point that tables show.
  virtual int decimals() const = 0;
  /// One line that makes the figure reproducible: channels, range, window, crop.
  std::string protocol() const;
  /// Why the metric has no value for an image of this size; empty when it has one.
  std::string undefined_for(std::int64_t height, std::int64_t width) const;

  /// Scores of a batch: (B) float64 on the CPU. `ref` has the shape of `pred` and is ignored by a metric
  /// that needs none. NaN where the metric has no value (see undefined_for).
  at::Tensor score(const at::Tensor& pred, const at::Tensor& ref) const;
  /// The same for a metric that needs no reference.
  at::Tensor score(const at::Tensor& pred) const;

 private:
  virtual std::string conventions() const = 0;
  virtual std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const = 0;
  /// One image after cropping: (3,H,W), contiguous, on the CPU, uint8 or float64 in [0,1]; `ref` is
  /// undefined for a metric that needs none.
  virtual double score_one(const at::Tensor& pred, const at::Tensor& ref) const = 0;

  const std::int64_t crop_border_;
};

/// Names make_metric() knows, canonical ones only.
std::vector<std::string> metric_names();

/// Metric by name: psnr_y, psnr_rgb, ssim_y, ssim_rgb, niqe; `psnr` and `ssim` mean the Y variants.
/// UserError with the nearest name for any other.
std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t crop_border = 0);

/// The metrics of a comma-separated list, such as "psnr,ssim,niqe"; each once. UserError for an unknown
/// name or an empty list.
std::vector<std::unique_ptr<Metric>> make_metrics(const std::string& names, std::int64_t crop_border = 0);

}  // namespace samsr
