#pragma once

#include <ATen/core/Tensor.h>

#include "data/shards/loader.h"
#include "models/coverage_net/coverage_net.h"

namespace samsr {

/// What a batch teaches a coverage net: each sample twice, as a prediction lies between the enlarged LR image and the
/// HR image.
struct CoverageLesson {
  at::Tensor pictures;  ///< (2B, channels, fold·H, fold·W): of HR, then of LR
  at::Tensor weights;   ///< W = C / max C (2B,1,H,W), float32, of the cached coverage
};

/// `batch` on any device, with the fields lesson_fields() asks for.
CoverageLesson coverage_lesson(const Batch& batch, const CoverageNetInput& input);

/// coverage_hr, with the HR image or the latents.
BatchFields lesson_fields(const CoverageNetInput& input);

/// ‖answer - weights‖² for the net's answer to the pictures, mean over everything but the batch: (2,B), rows of HR and
/// of LR.
at::Tensor lesson_errors(const CoverageLesson& lesson, const at::Tensor& answer);

}  // namespace samsr
