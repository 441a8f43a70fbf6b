#include "eval/upscale/tiling.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace samsr {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Indices 0 … n-1 followed by their reflection (edge not repeated), to `length`; any n >= 1.
at::Tensor reflected_indices(std::int64_t n, std::int64_t length) {
  const std::int64_t period = std::max<std::int64_t>(2 * (n - 1), 1);
  const at::Tensor phase = at::arange(length, at::kLong).remainder(period);
  return at::minimum(phase, period - phase).clamp_max(n - 1);
}

}  // namespace

TilePlan::Axis TilePlan::plan_axis(std::int64_t length, std::int64_t multiple, const TileSettings& settings) {
  const std::int64_t padded = round_up(length, multiple);
  const std::int64_t tile = std::max(settings.tile / multiple * multiple, multiple);
  if (padded <= tile) {
    return {padded, padded, 0, {0}};
  }
  const std::int64_t stride = (tile - settings.overlap) / multiple * multiple;
  if (stride < multiple) {
    throw UserError(
        "upscale.tile={} leaves no room for an overlap of {}: this model works in steps of {} pixels; "
        "use a tile of at least {}",
        settings.tile, settings.overlap, multiple, round_up(settings.overlap + multiple, multiple));
  }
  Axis axis{padded, tile, tile - stride, {}};
  for (std::int64_t start = 0; start + tile < padded; start += stride) {
    axis.starts.push_back(start);
  }
  axis.starts.push_back(padded - tile);
  return axis;
}

TilePlan::TilePlan(std::int64_t height, std::int64_t width, std::int64_t multiple, const TileSettings& settings)
    : height_(height),
      width_(width),
      rows_(plan_axis(height, multiple, settings)),
      columns_(plan_axis(width, multiple, settings)) {
  TORCH_CHECK(height >= 1 && width >= 1 && multiple >= 1, "image ", height, "x", width, ", multiple ", multiple);
  for (const std::int64_t top : rows_.starts) {
    for (const std::int64_t left : columns_.starts) {
      origins_.push_back({top, left});
    }
  }
}

at::Tensor TilePlan::pad(const at::Tensor& image) const {
  TORCH_CHECK(image.dim() == 4 && image.size(2) == height_ && image.size(3) == width_, "image is ", image.sizes(),
              ", planned for ", height_, "x", width_);
  if (rows_.padded == height_ && columns_.padded == width_) {
    return image;
  }
  return image.index_select(2, reflected_indices(height_, rows_.padded).to(image.device()))
      .index_select(3, reflected_indices(width_, columns_.padded).to(image.device()));
}

at::Tensor TilePlan::cut(const at::Tensor& whole, std::size_t first, std::size_t count) const {
  TORCH_CHECK(whole.dim() == 4 && whole.size(0) == 1, "map is ", whole.sizes(), ", expected (1,C,p,q)");
  const auto scaled = [](std::int64_t pixels, std::int64_t to, std::int64_t from) {
    TORCH_CHECK(pixels * to % from == 0, "a map of ", to, " for ", from, " pixels does not divide into tiles");
    return pixels * to / from;
  };
  std::vector<at::Tensor> tiles;
  for (std::size_t i = first; i < first + count; ++i) {
    const auto [top, left] = origins_.at(i);
    tiles.push_back(
        whole.narrow(2, scaled(top, whole.size(2), rows_.padded), scaled(rows_.tile, whole.size(2), rows_.padded))
            .narrow(3, scaled(left, whole.size(3), columns_.padded),
                    scaled(columns_.tile, whole.size(3), columns_.padded)));
  }
  return at::cat(tiles);
}

at::Tensor TilePlan::axis_weights(const Axis& axis, std::int64_t scale) {
  const std::int64_t length = axis.tile * scale;
  if (axis.starts.size() == 1) {
    return at::ones({length});
  }
  const at::Tensor position = at::arange(length, at::kFloat) + 0.5;
  const at::Tensor to_edge = at::minimum(position, static_cast<double>(length) - position);
  const at::Tensor t = (to_edge / static_cast<double>(axis.overlap * scale)).clamp_max(1);
  return t * t * (3 - 2 * t);
}

at::Tensor TilePlan::blend_weights(std::int64_t scale) const {
  return at::outer(axis_weights(rows_, scale), axis_weights(columns_, scale)).unsqueeze(0).unsqueeze(0);
}

at::Tensor upscale_tiled(const at::Tensor& lq, std::int64_t scale, const TilePlan& plan, std::int64_t batch,
                         const TileModel& model) {
  TORCH_CHECK(lq.dim() == 4 && lq.size(0) == 1 && lq.size(1) == 3, "lq is ", lq.sizes(), ", expected (1,3,H,W)");
  const at::Tensor padded = plan.pad(lq);
  const std::size_t tiles = plan.origins().size();
  at::Tensor sum = at::zeros({1, 3, scale * plan.padded_height(), scale * plan.padded_width()}, at::kFloat);
  at::Tensor total = at::zeros({1, 1, sum.size(2), sum.size(3)}, at::kFloat);
  const at::Tensor weights = plan.blend_weights(scale);
  for (std::size_t first = 0; first < tiles; first += static_cast<std::size_t>(batch)) {
    const std::size_t count = std::min(static_cast<std::size_t>(batch), tiles - first);
    const at::Tensor enlarged = model(plan.cut(padded, first, count), first, count).to(at::kCPU, at::kFloat);
    TORCH_CHECK(enlarged.size(0) == static_cast<std::int64_t>(count) && enlarged.size(2) == weights.size(2) &&
                    enlarged.size(3) == weights.size(3),
                "the network made ", enlarged.sizes(), " of tiles of ", plan.tile_height(), "x", plan.tile_width());
    for (std::size_t i = 0; i < count; ++i) {
      const auto [top, left] = plan.origins()[first + i];
      const auto window = [&, top = top, left = left](const at::Tensor& map) {
        return map.narrow(2, top * scale, weights.size(2)).narrow(3, left * scale, weights.size(3));
      };
      window(sum).addcmul_(enlarged.narrow(0, static_cast<std::int64_t>(i), 1), weights);
      window(total).add_(weights);
    }
  }
  return sum.div_(total).narrow(2, 0, scale * lq.size(2)).narrow(3, 0, scale * lq.size(3)).contiguous();
}

}  // namespace samsr
