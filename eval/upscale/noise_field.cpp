#include "eval/upscale/noise_field.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/rng.h"
#include "diffusion/noise.h"

namespace samsr {
namespace {

constexpr std::int64_t kKeptBytes = std::int64_t{128} << 20;

}  // namespace

std::int64_t NoiseField::cell_bytes(std::int64_t channels) {
  return channels * kCell * kCell * static_cast<std::int64_t>(sizeof(float));
}

// All in one piece, which takes memory as it is drawn: squares that come and go by themselves would leave holes.
NoiseField::NoiseField(std::uint64_t seed, std::int64_t channels)
    : seed_(seed),
      kept_(at::empty({std::max<std::int64_t>(kKeptBytes / cell_bytes(channels), 1), channels, kCell, kCell})) {}

at::Tensor NoiseField::cell(const Place& place) {
  if (const auto known = where_.find(place); known != where_.end()) {
    return kept_[static_cast<std::int64_t>(known->second)];
  }
  const std::size_t slot = drawn_++ % static_cast<std::size_t>(kept_.size(0));
  if (slot < places_.size()) {
    where_.erase(places_[slot]);
    places_[slot] = place;
  } else {
    places_.push_back(place);
  }
  where_[place] = slot;
  Rng rng(seed_, "upscale.noise",
          {static_cast<std::uint64_t>(place[0]), static_cast<std::uint64_t>(place[1]),
           static_cast<std::uint64_t>(place[2])});
  return kept_[static_cast<std::int64_t>(slot)].copy_(standard_normal(rng, kept_.sizes().slice(1)));
}

at::Tensor NoiseField::piece(std::uint64_t layer, std::int64_t top, std::int64_t left, std::int64_t height,
                             std::int64_t width) {
  TORCH_CHECK(top >= 0 && left >= 0 && height >= 1 && width >= 1, "noise piece of ", height, "x", width, " at ", top,
              ",", left);
  at::Tensor noise = at::empty({1, kept_.size(1), height, width});
  for (std::int64_t row = top / kCell; row * kCell < top + height; ++row) {
    for (std::int64_t column = left / kCell; column * kCell < left + width; ++column) {
      const at::Tensor drawn = cell({static_cast<std::int64_t>(layer), row, column});
      const std::int64_t y0 = std::max(row * kCell, top);
      const std::int64_t y1 = std::min((row + 1) * kCell, top + height);
      const std::int64_t x0 = std::max(column * kCell, left);
      const std::int64_t x1 = std::min((column + 1) * kCell, left + width);
      noise[0]
          .slice(1, y0 - top, y1 - top)
          .slice(2, x0 - left, x1 - left)
          .copy_(drawn.slice(1, y0 - row * kCell, y1 - row * kCell).slice(2, x0 - column * kCell, x1 - column * kCell));
    }
  }
  return noise;
}

}  // namespace samsr
