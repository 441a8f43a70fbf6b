#include "eval/metrics/fid/fid.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>

#include "models/weights/read_fitting_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

/// What the file carries besides: the classifier.
bool is_no_feature_weight(std::string_view name) {
  return name.starts_with("fc.") || name.ends_with("num_batches_tracked");
}

}  // namespace

at::Tensor resized_for_fid(const at::Tensor& levels, FidResizing resizing) {
  const std::array<std::int64_t, 2> size = {Inception::kSide, Inception::kSide};
  if (resizing == FidResizing::kClean) {
    // Pillow's kernel and order; it adds in double precision, which is seen in the fifth digit.
    return at::_upsample_bicubic2d_aa(levels.to(at::kDouble), size, /*align_corners=*/false)
        .clamp_(0, 255)
        .to(at::kFloat);
  }
  return at::upsample_bilinear2d(levels.to(at::kFloat), size, /*align_corners=*/false);
}

Fid::Fid(FidResizing resizing, const MetricParts& parts)
    : Fid(resizing,
          read_fitting_weights(parts.files.at(0), inception_weights(), "the InceptionV3 of FID", is_no_feature_weight),
          parts) {}

Fid::Fid(FidResizing resizing, const NamedWeights& weights, const MetricParts& parts)
    : SetMetric(parts),
      resizing_(resizing),
      network_(weights, parts.device),
      checksum_(weights_checksum({{weights.begin(), weights.end()}, {}})) {}

std::string Fid::conventions() const {
  const char* const resized = resizing_ == FidResizing::kClean ? "bicubic with antialiasing (clean-fid)"
                                                               : "bilinear without antialiasing (pytorch-fid)";
  return fmt::format("InceptionV3 of 2015-12-05, pool3, 299x299 {}, unbiased covariance, ± 1.96 bootstrap errors",
                     resized);
}

std::string Fid::undefined_for_cropped(std::int64_t, std::int64_t) const { return {}; }

at::Tensor Fid::prepared_cropped(const at::Tensor& picture) const {
  const at::Tensor levels = picture.scalar_type() == at::kByte ? picture : picture * 255;
  const at::Tensor resized = resized_for_fid(levels, resizing_);
  return resizing_ == FidResizing::kClean ? (resized - 128) / 128 : resized * (2.0 / 255) - 1;
}

at::Tensor Fid::features_of(const at::Tensor& prepared) const { return network_.features(prepared); }

}  // namespace samsr
