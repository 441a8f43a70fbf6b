#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/images/picture_row.h"
#include "eval/measure/comparison.h"

namespace samsr {

/// The same piece of one image as different methods show it: pictures of one size.
struct PictureRow {
  std::string name;
  std::vector<Picture> pictures;
};

/// Names that every method of `comparison` has an image of, in order.
std::vector<std::string> shared_names(const Comparison& comparison);

/// `count` of them, spread evenly; all where they are fewer.
std::vector<std::string> spread_names(const Comparison& comparison, std::int64_t count);

/// Rows of pictures for the report, one for each of the `names`, which are shared_names(): the low-resolution image
/// (enlarged without smoothing), every method of `comparison`, the reference, as far as given; and of each the square
/// piece of at most `piece` pixels (of the result) with the most detail. An image that the methods show in differing
/// sizes has no row.
std::vector<PictureRow> picture_rows(const Comparison& comparison, const std::vector<std::string>& names,
                                     std::int64_t piece);

}  // namespace samsr
