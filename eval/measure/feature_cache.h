#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/log.h"
#include "eval/measure/image_set.h"
#include "eval/metrics/set_metric.h"

namespace samsr {

/// Features of whole sets that were computed before: one .npz a set, named after all that its numbers depend on.
class FeatureCache {
 public:
  /// `folder` is made with the first file; empty: nothing is found or kept.
  explicit FeatureCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// A digest of the metric's fingerprint(), and of the names and bytes of all `pictures`, each enlarged by `enlarge`
  /// before; empty without a folder. UserError when one cannot be read.
  std::string key(const SetMetric& metric, const ImageSet& pictures, std::int64_t enlarge) const;

  /// Features (rows, columns) float32 of `key`; undefined when there are none. A file that is damaged is said and
  /// counts as none.
  at::Tensor find(const std::string& key, std::int64_t rows, std::int64_t columns, Log& log) const;
  void keep(const std::string& key, const at::Tensor& features) const;

 private:
  std::filesystem::path file_of(const std::string& key) const { return folder_ / (key + ".npz"); }

  const std::filesystem::path folder_;
};

}  // namespace samsr
