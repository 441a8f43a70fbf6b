#pragma once
// Images of any size through a network of fixed appetite: padded to the multiple it needs, cut into tiles
// that overlap, blended without seams.

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace samsr {

/// All in pixels of the low-resolution image.
struct TileSettings {
  std::int64_t tile = 256;    ///< longest side of what the network sees at once
  std::int64_t overlap = 32;  ///< at least this much is shared by neighbours
  std::int64_t batch = 1;     ///< tiles a call
};

/// Top and left of a tile in the padded low-resolution image.
using TileOrigin = std::array<std::int64_t, 2>;

/// Where the tiles of one image lie. Origins and sizes are multiples of what the network needs, so that its
/// windows fall on the same pixels in a tile as in the whole image. An image that fits is one tile.
class TilePlan {
 public:
  /// `height`, `width` of the low-resolution image; `multiple`: the network takes multiples of it only.
  /// UserError when `tile` is too small for the overlap.
  TilePlan(std::int64_t height, std::int64_t width, std::int64_t multiple, const TileSettings& settings);

  std::int64_t padded_height() const { return rows_.padded; }
  std::int64_t padded_width() const { return columns_.padded; }
  std::int64_t tile_height() const { return rows_.tile; }
  std::int64_t tile_width() const { return columns_.tile; }
  /// Row by row.
  const std::vector<TileOrigin>& origins() const { return origins_; }

  /// `image` (1,C,H,W) mirrored at the bottom and right to (1,C,padded_height,padded_width).
  at::Tensor pad(const at::Tensor& image) const;

  /// The tiles [first, first+count) cut from a map over the whole padded image, (1,C,p,q) with p/q a fixed
  /// ratio of padded_height/padded_width (noise, coverage, latents): (count,C,…).
  at::Tensor cut(const at::Tensor& whole, std::size_t first, std::size_t count) const;

  /// Weights (1,1,s*tile_height,s*tile_width) of a tile enlarged by `scale`: 1 inside, falling smoothly
  /// towards the edges over the overlap.
  at::Tensor blend_weights(std::int64_t scale) const;

 private:
  struct Axis {
    std::int64_t padded;
    std::int64_t tile;
    std::int64_t overlap;  ///< shared by neighbours on a regular grid
    std::vector<std::int64_t> starts;
  };
  static Axis plan_axis(std::int64_t length, std::int64_t multiple, const TileSettings& settings);
  static at::Tensor axis_weights(const Axis& axis, std::int64_t scale);

  std::int64_t height_;
  std::int64_t width_;
  Axis rows_;
  Axis columns_;
  std::vector<TileOrigin> origins_;
};

/// A network on tiles [first, first+count): (count,3,tile_height,tile_width) in [-1,1] to the enlarged
/// (count,3,s*tile_height,s*tile_width). It cuts its own maps with TilePlan::cut(map, first, count).
using TileModel = std::function<at::Tensor(const at::Tensor& tiles, std::size_t first, std::size_t count)>;

/// Enlarges `lq` (1,3,H,W) in [-1,1] by `scale`: (1,3,sH,sW) float32 on the CPU. At most `batch` tiles are
/// in work at once; beside them only the result is held.
at::Tensor upscale_tiled(const at::Tensor& lq, std::int64_t scale, const TilePlan& plan, std::int64_t batch,
                         const TileModel& model);

}  // namespace samsr
