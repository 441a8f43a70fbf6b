#pragma once
// Images of any size through a network of fixed appetite: padded to the multiple it needs, cut into tiles
// that overlap, blended without seams. Rows leave as soon as no further tile touches them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace samsr {

/// All in pixels of the low-resolution image.
struct TileSettings {
  std::int64_t tile = 256;    ///< longest side of what the network sees at once
  std::int64_t overlap = 32;  ///< at least this much is shared by neighbours
  std::int64_t batch = 1;     ///< tiles a call
  /// What a tile's answer is not used of, at each side where it has a neighbour: with as much as the network's answers
  /// look at, tiles are the whole to rounding. Less than half of the overlap.
  std::int64_t margin = 0;
};

/// UserError when `tile` is too small for the overlap, so that no picture larger than it can be cut; `multiple`: the
/// network takes multiples of it only.
void check_tiles(const TileSettings& settings, std::int64_t multiple);

/// A rectangle of an image, in its pixels.
struct TileWindow {
  std::int64_t top;
  std::int64_t left;
  std::int64_t height;
  std::int64_t width;
};

/// Reads a rectangle that lies inside an image: (1,C,height,width).
using ReadWindow = std::function<at::Tensor(const TileWindow&)>;

/// ReadWindow of an image (1,C,H,W) that is held as a whole.
ReadWindow window_reader(at::Tensor image);

/// Where the tiles of one image lie. Places and sizes are multiples of what the network needs, so that its
/// windows fall on the same pixels in a tile as in the whole image. An image that fits is one tile.
class TilePlan {
 public:
  /// `height`, `width` of the low-resolution image; `multiple`: the network takes multiples of it only.
  /// UserError as check_tiles(), where one tile is not enough.
  TilePlan(std::int64_t height, std::int64_t width, std::int64_t multiple, const TileSettings& settings);

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  std::int64_t padded_height() const { return rows_.padded; }
  std::int64_t padded_width() const { return columns_.padded; }
  std::int64_t tile_height() const { return rows_.tile; }
  std::int64_t tile_width() const { return columns_.tile; }
  /// In the padded image, row by row.
  const std::vector<TileWindow>& tiles() const { return tiles_; }

  /// A window of the padded image, which is `image` mirrored at the bottom and right: (1,C,height,width).
  at::Tensor read_padded(const ReadWindow& image, const TileWindow& window) const;

  /// Weights (1,1,count,s*tile_width) of rows first … first+count-1 of a tile of the plan enlarged by `scale`: 1
  /// inside, falling smoothly towards the edges over the overlap; where there is a margin, towards neighbours alone,
  /// and to nothing in it.
  at::Tensor blend_weights(std::int64_t scale, const TileWindow& tile, std::int64_t first, std::int64_t count) const;

 private:
  struct Axis {
    std::int64_t padded;
    std::int64_t tile;
    std::int64_t overlap;  ///< shared by neighbours on a regular grid
    std::vector<std::int64_t> starts;
  };
  static Axis plan_axis(std::int64_t length, std::int64_t multiple, const TileSettings& settings);
  at::Tensor axis_weights(const Axis& axis, std::int64_t scale, std::int64_t start) const;

  std::int64_t height_;
  std::int64_t width_;
  std::int64_t margin_;
  Axis rows_;
  Axis columns_;
  std::vector<TileWindow> tiles_;
};

/// A network on tiles that lie at `windows` of the padded image: (count,3,tile_height,tile_width) to the enlarged
/// (count,3,s*tile_height,s*tile_width).
using TileModel = std::function<at::Tensor(const at::Tensor& tiles, std::span<const TileWindow> windows)>;

/// Takes the next rows of a result, from the top: (1,3,rows,sW) float32 on the CPU; some tens of rows at a time, always
/// a multiple of s.
using TakeRows = std::function<void(const at::Tensor& rows)>;

/// Enlarges the image that `lq` reads, 3 channels, of the plan's size, by `scale`. At most `batch` tiles are in work at
/// once; beside them the rows of the result that one row of tiles covers are held.
void upscale_tiled(const ReadWindow& lq, std::int64_t scale, const TilePlan& plan, std::int64_t batch,
                   const TileModel& model, const TakeRows& take);

}  // namespace samsr
