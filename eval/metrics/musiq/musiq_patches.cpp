#include "eval/metrics/musiq/musiq_patches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace samsr {
namespace {

constexpr std::int64_t kPatch = 32;
constexpr std::int64_t kGrid = 10;
constexpr std::array<std::int64_t, 2> kLongerSides = {224, 384};

std::array<std::int64_t, 2> resized_to(std::int64_t height, std::int64_t width, std::int64_t longer_side) {
  const double ratio = static_cast<double>(longer_side) / static_cast<double>(std::max(height, width));
  // nearbyint() takes halves to the even number, as Python's round() does.
  const auto side = [&](std::int64_t length) {
    return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(length) * ratio));
  };
  return {side(height), side(width)};
}

std::int64_t patches_along(std::int64_t length) { return (length + kPatch - 1) / kPatch; }

/// (B, patches, 32, 32, 3).
at::Tensor cut(const at::Tensor& images) {
  const std::int64_t down = patches_along(images.size(2));
  const std::int64_t across = patches_along(images.size(3));
  const std::int64_t rows = down * kPatch - images.size(2);
  const std::int64_t columns = across * kPatch - images.size(3);
  return at::constant_pad_nd(images, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2})
      .permute({0, 2, 3, 1})
      .unflatten(2, {across, kPatch})
      .unflatten(1, {down, kPatch})
      .transpose(2, 3)
      .flatten(1, 2);
}

/// (patches) int64: nearest cell of the grid for each patch of a scale.
at::Tensor cells(std::int64_t down, std::int64_t across) {
  const at::Tensor grid = at::arange(kGrid, at::kFloat).view({1, 1, kGrid});
  const at::Tensor row = at::upsample_nearest1d(grid, {down}).view({down, 1});
  const at::Tensor column = at::upsample_nearest1d(grid, {across}).view({1, across});
  return (row * kGrid + column).flatten().to(at::kLong);
}

}  // namespace

MusiqPatches musiq_patches(const at::Tensor& images) {
  std::vector<at::Tensor> pixels;
  std::vector<at::Tensor> positions;
  std::vector<at::Tensor> scales;
  const auto add = [&](const at::Tensor& scaled, std::int64_t scale) {
    pixels.push_back(cut(scaled));
    positions.push_back(cells(patches_along(scaled.size(2)), patches_along(scaled.size(3))));
    scales.push_back(at::full_like(positions.back(), scale));
  };
  for (std::size_t scale = 0; scale < kLongerSides.size(); ++scale) {
    add(at::upsample_bicubic2d(images, resized_to(images.size(2), images.size(3), kLongerSides[scale]), false),
        static_cast<std::int64_t>(scale));
  }
  add(images, static_cast<std::int64_t>(kLongerSides.size()));
  return {at::cat(pixels, 1).flatten(0, 1).permute({0, 3, 1, 2}), at::cat(positions).to(images.device()),
          at::cat(scales).to(images.device())};
}

bool musiq_defined_for(std::int64_t height, std::int64_t width) {
  return std::all_of(kLongerSides.begin(), kLongerSides.end(), [&](std::int64_t longer_side) {
    const auto [rows, columns] = resized_to(height, width, longer_side);
    return rows >= 1 && columns >= 1;
  });
}

}  // namespace samsr
