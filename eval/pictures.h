#pragma once

#include <cstdint>
#include <vector>

#include "eval/evaluate.h"
#include "eval/report.h"

namespace samsr {

/// Rows of pictures for the report: the low-resolution image (enlarged without smoothing), bicubic, every
/// method of `request`, the reference, as far as given; `count` images spread evenly over the names, and of
/// each the square piece of at most `piece` pixels (of the result) with the most detail. UserError as in
/// evaluate().
std::vector<PictureRow> picture_rows(const EvalRequest& request, std::int64_t scale, std::int64_t count,
                                     std::int64_t piece);

}  // namespace samsr
