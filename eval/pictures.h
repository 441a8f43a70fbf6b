#pragma once

#include <cstdint>
#include <vector>

#include "eval/comparison.h"
#include "eval/report.h"

namespace samsr {

/// Rows of pictures for the report: the low-resolution image (enlarged without smoothing), every method of `comparison`,
/// the reference, as far as given; `count` images spread evenly over the names that all of them have, and of each the
/// square piece of at most `piece` pixels (of the result) with the most detail. An image that the methods show in
/// differing sizes has no row.
std::vector<PictureRow> picture_rows(const Comparison& comparison, std::int64_t count, std::int64_t piece);

}  // namespace samsr
