#pragma once
// Image quality metrics as pyiqa and BasicSR compute them. Images are batches (B,3,H,W), RGB, uint8 or
// floating point in [0,1], on any device.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/metrics/metric_table.h"

namespace samsr {

/// What a metric is made from.
struct MetricParts {
  const MetricDescription& description;         ///< its line of metric_table()
  std::int64_t crop_border = 0;                 ///< pixels left out on each side before measuring
  c10::Device device = c10::Device(c10::kCPU);  ///< of its network
  std::vector<std::filesystem::path> files{};   ///< its weights, in the order of the description's
};

class Metric {
 public:
  explicit Metric(const MetricParts& parts) : description_(parts.description), crop_border_(parts.crop_border) {}
  virtual ~Metric() = default;
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  /// Canonical name, such as "psnr_y".
  std::string name() const { return std::string(description_.name); }
  bool needs_reference() const { return description_.needs_reference; }
  bool higher_is_better() const { return description_.higher_is_better; }
  /// Whether it measures a set of pictures as a whole: it is a SetMetric, and score() is not for it.
  bool whole_set() const { return description_.whole_set; }
  /// Digits behind the point that tables show.
  int decimals() const { return description_.decimals; }
  /// Whether a network computes it, which wants whole batches; otherwise each image is computed on one core.
  bool by_network() const { return !description_.files.empty(); }
  /// One line that makes the figure reproducible: channels, range, window or network, crop.
  std::string protocol() const;
  /// Why the metric has no value for an image of this size; empty when it has one.
  std::string undefined_for(std::int64_t height, std::int64_t width) const;

  /// Scores of a batch: (B) float64 on the CPU. `ref` has the shape of `pred` and is ignored by a metric
  /// that needs none. NaN where the metric has no value (see undefined_for).
  at::Tensor score(const at::Tensor& pred, const at::Tensor& ref) const;
  /// The same for a metric that needs no reference.
  at::Tensor score(const at::Tensor& pred) const;

 protected:
  /// What is left of images (B,3,H,W) after cropping; a view.
  at::Tensor cropped(const at::Tensor& images) const;

 private:
  virtual std::string conventions() const = 0;
  virtual std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const = 0;
  /// Scores (B), floating point, on any device, of a batch after cropping, uint8 or floating point, on the device it
  /// was given on; `ref` is undefined for a metric that needs none.
  virtual at::Tensor score_cropped(const at::Tensor& pred, const at::Tensor& ref) const = 0;

  const MetricDescription& description_;
  const std::int64_t crop_border_;
};

}  // namespace samsr
