#include "eval/upscale/noise_field.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/rng.h"
#include "diffusion/noise.h"

namespace samsr {
namespace {

constexpr std::size_t kKeptBytes = 128U << 20;

}  // namespace

NoiseField::NoiseField(std::uint64_t seed, std::int64_t channels)
    : seed_(seed), channels_(channels), cells_(kKeptBytes, [](const at::Tensor& cell) { return cell.nbytes(); }) {}

at::Tensor NoiseField::piece(std::uint64_t layer, std::int64_t top, std::int64_t left, std::int64_t height,
                             std::int64_t width) {
  TORCH_CHECK(top >= 0 && left >= 0 && height >= 1 && width >= 1, "noise piece of ", height, "x", width, " at ", top,
              ",", left);
  at::Tensor noise = at::empty({1, channels_, height, width});
  for (std::int64_t row = top / kCell; row * kCell < top + height; ++row) {
    for (std::int64_t column = left / kCell; column * kCell < left + width; ++column) {
      const at::Tensor& cell = cells_.get(fmt::format("{} {} {}", layer, row, column), [&] {
        Rng rng(seed_, "upscale.noise", {layer, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(column)});
        return standard_normal(rng, {channels_, kCell, kCell});
      });
      const std::int64_t y0 = std::max(row * kCell, top);
      const std::int64_t y1 = std::min((row + 1) * kCell, top + height);
      const std::int64_t x0 = std::max(column * kCell, left);
      const std::int64_t x1 = std::min((column + 1) * kCell, left + width);
      noise[0]
          .slice(1, y0 - top, y1 - top)
          .slice(2, x0 - left, x1 - left)
          .copy_(cell.slice(1, y0 - row * kCell, y1 - row * kCell).slice(2, x0 - column * kCell, x1 - column * kCell));
    }
  }
  return noise;
}

}  // namespace samsr
