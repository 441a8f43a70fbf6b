#pragma once
// How much better or worse methods are than one of them, image by image.

#include <string>

#include "eval/tables/table.h"

namespace samsr {

/// One row for each method but `baseline`, one column for each metric of single images in each set: the mean over
/// images of the method's figure less that of `baseline` for the same image, with its 95 % bootstrap interval. Images
/// that either lacks a figure of are left out. UserError with the nearest name when no set has a method `baseline`, and
/// where it is the only one.
Table differences_from(const std::string& baseline, const Measurements& measurements);

}  // namespace samsr
