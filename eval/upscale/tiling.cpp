#include "eval/upscale/tiling.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace samsr {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Side of the tiles, LR pixels.
std::int64_t tile_of(const TileSettings& settings, std::int64_t multiple) {
  return std::max(settings.tile / multiple * multiple, multiple);
}

/// For places first … first+count-1 of an axis of n pixels that goes on as its reflection (edge not repeated), the
/// pixels that are there; any n >= 1.
at::Tensor reflected_indices(std::int64_t n, std::int64_t first, std::int64_t count) {
  const std::int64_t period = std::max<std::int64_t>(2 * (n - 1), 1);
  const at::Tensor phase = at::arange(first, first + count, at::kLong).remainder(period);
  return at::minimum(phase, period - phase).clamp_max(n - 1);
}

/// The rows of a result that tiles still touch: sums of weighted tiles, as high as a tile.
class RowBand {
 public:
  RowBand(const TilePlan& plan, std::int64_t scale, const TakeRows& take)
      : plan_(plan),
        scale_(scale),
        take_(take),
        sum_(at::zeros({1, 3, scale * plan.tile_height(), scale * plan.padded_width()}, at::kFloat)) {}

  /// The tile's answer (1,3,…); tiles come row by row.
  void add(const TileWindow& tile, const at::Tensor& enlarged) {
    if (tile.top > top_) {
      take_rows_above(tile.top);
      move_down(tile.top);
    }
    sum_.narrow(3, tile.left * scale_, tile.width * scale_)
        .addcmul_(enlarged, plan_.blend_weights(scale_, tile, 0, tile.height * scale_));
  }

  /// After the last tile.
  void finish() { take_rows_above(plan_.height()); }

 private:
  void take_rows_above(std::int64_t end) {
    constexpr std::int64_t kRows = 16;
    end = std::min(end, plan_.height());
    for (std::int64_t row = top_; row < end; row += kRows) {
      const std::int64_t first = row * scale_;
      const std::int64_t count = std::min(kRows, end - row) * scale_;
      const at::Tensor rows = sum_.narrow(2, first - top_ * scale_, count) / total(first, count);
      take_(rows.narrow(3, 0, plan_.width() * scale_));
    }
  }

  /// Sum of the weights of all tiles over rows of the result, added up in the order of the tiles.
  at::Tensor total(std::int64_t first, std::int64_t count) const {
    at::Tensor total = at::zeros({1, 1, count, sum_.size(3)}, at::kFloat);
    for (const TileWindow& tile : plan_.tiles()) {
      const std::int64_t from = std::max(first, tile.top * scale_);
      const std::int64_t to = std::min(first + count, (tile.top + tile.height) * scale_);
      if (from < to) {
        total.narrow(2, from - first, to - from)
            .narrow(3, tile.left * scale_, tile.width * scale_)
            .add_(plan_.blend_weights(scale_, tile, from - tile.top * scale_, to - from));
      }
    }
    return total;
  }

  /// What stands from row `top` of the LR image on moves up to the band's first row.
  void move_down(std::int64_t top) {
    const std::int64_t shift = (top - top_) * scale_;
    const std::int64_t kept = std::max<std::int64_t>(sum_.size(2) - shift, 0);
    for (std::int64_t row = 0; row < kept; row += shift) {  // pieces that do not overlap where they are copied to
      const std::int64_t rows = std::min(shift, kept - row);
      sum_.narrow(2, row, rows).copy_(sum_.narrow(2, row + shift, rows));
    }
    sum_.narrow(2, kept, sum_.size(2) - kept).zero_();
    top_ = top;
  }

  const TilePlan& plan_;
  const std::int64_t scale_;
  const TakeRows& take_;
  at::Tensor sum_;
  std::int64_t top_ = 0;  ///< of the band, in the LR image
};

}  // namespace

void check_tiles(const TileSettings& settings, std::int64_t multiple) {
  if (tile_of(settings, multiple) - settings.overlap < multiple) {
    throw UserError(
        "upscale.tile={} leaves no room for an overlap of {}: this model works in steps of {} pixels; "
        "use a tile of at least {}",
        settings.tile, settings.overlap, multiple, round_up(settings.overlap + multiple, multiple));
  }
}

TilePlan::Axis TilePlan::plan_axis(std::int64_t length, std::int64_t multiple, const TileSettings& settings) {
  const std::int64_t padded = round_up(length, multiple);
  const std::int64_t tile = tile_of(settings, multiple);
  if (padded <= tile) {
    return {padded, padded, 0, {0}};
  }
  check_tiles(settings, multiple);
  const std::int64_t stride = (tile - settings.overlap) / multiple * multiple;
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
      margin_(settings.margin),
      rows_(plan_axis(height, multiple, settings)),
      columns_(plan_axis(width, multiple, settings)) {
  TORCH_CHECK(height >= 1 && width >= 1 && multiple >= 1, "image ", height, "x", width, ", multiple ", multiple);
  for (const std::int64_t top : rows_.starts) {
    for (const std::int64_t left : columns_.starts) {
      tiles_.push_back({top, left, rows_.tile, columns_.tile});
    }
  }
}

at::Tensor TilePlan::read_padded(const ReadWindow& image, const TileWindow& window) const {
  TORCH_CHECK(window.top >= 0 && window.left >= 0 && window.height >= 1 && window.width >= 1 &&
                  window.top + window.height <= rows_.padded && window.left + window.width <= columns_.padded,
              "window of ", window.height, "x", window.width, " at ", window.top, ",", window.left, " of ",
              rows_.padded, "x", columns_.padded);
  if (window.top + window.height <= height_ && window.left + window.width <= width_) {
    return image(window);
  }
  const at::Tensor rows = reflected_indices(height_, window.top, window.height);
  const at::Tensor columns = reflected_indices(width_, window.left, window.width);
  const auto first = [](const at::Tensor& indices) { return indices.min().item<std::int64_t>(); };
  const auto length = [&](const at::Tensor& indices) {
    return indices.max().item<std::int64_t>() - first(indices) + 1;
  };
  return image({first(rows), first(columns), length(rows), length(columns)})
      .index_select(2, rows - first(rows))
      .index_select(3, columns - first(columns));
}

at::Tensor TilePlan::axis_weights(const Axis& axis, std::int64_t scale, std::int64_t start) const {
  const std::int64_t length = axis.tile * scale;
  if (axis.starts.size() == 1) {
    return at::ones({length});
  }
  const at::Tensor position = at::arange(length, at::kFloat) + 0.5;
  const at::Tensor to_end = static_cast<double>(length) - position;
  at::Tensor t;
  if (margin_ == 0) {
    t = (at::minimum(position, to_end) / static_cast<double>(axis.overlap * scale)).clamp_max(1);
  } else {
    TORCH_CHECK(axis.overlap > 2 * margin_, "tiles that share ", axis.overlap, " pixels have no margins of ", margin_);
    // At the picture's own edges the tile's answer is the whole's, and there may be no other.
    const at::Tensor to_neighbour = start == axis.starts.front()  ? to_end
                                    : start == axis.starts.back() ? position
                                                                  : at::minimum(position, to_end);
    t = ((to_neighbour - static_cast<double>(margin_ * scale)) /
         static_cast<double>((axis.overlap - 2 * margin_) * scale))
            .clamp(0, 1);
  }
  return t * t * (3 - 2 * t);
}

at::Tensor TilePlan::blend_weights(std::int64_t scale, const TileWindow& tile, std::int64_t first,
                                   std::int64_t count) const {
  return at::outer(axis_weights(rows_, scale, tile.top).narrow(0, first, count),
                   axis_weights(columns_, scale, tile.left))
      .unsqueeze(0)
      .unsqueeze(0);
}

ReadWindow window_reader(at::Tensor image) {
  TORCH_CHECK(image.dim() == 4 && image.size(0) == 1, "image is ", image.sizes(), ", expected (1,C,H,W)");
  return [image = std::move(image)](const TileWindow& window) {
    return image.narrow(2, window.top, window.height).narrow(3, window.left, window.width);
  };
}

void upscale_tiled(const ReadWindow& lq, std::int64_t scale, const TilePlan& plan, std::int64_t batch,
                   const TileModel& model, const TakeRows& take) {
  const std::span<const TileWindow> tiles(plan.tiles());
  RowBand band(plan, scale, take);
  for (std::size_t first = 0; first < tiles.size(); first += static_cast<std::size_t>(batch)) {
    const auto windows = tiles.subspan(first, std::min(static_cast<std::size_t>(batch), tiles.size() - first));
    std::vector<at::Tensor> cut;
    for (const TileWindow& window : windows) {
      cut.push_back(plan.read_padded(lq, window));
    }
    const at::Tensor enlarged = model(at::cat(cut), windows).to(at::kCPU, at::kFloat);
    TORCH_CHECK(enlarged.size(0) == static_cast<std::int64_t>(windows.size()) &&
                    enlarged.size(2) == scale * plan.tile_height() && enlarged.size(3) == scale * plan.tile_width(),
                "the network made ", enlarged.sizes(), " of tiles of ", plan.tile_height(), "x", plan.tile_width());
    for (std::size_t i = 0; i < windows.size(); ++i) {
      band.add(windows[i], enlarged.narrow(0, static_cast<std::int64_t>(i), 1));
    }
  }
  band.finish();
}

}  // namespace samsr
