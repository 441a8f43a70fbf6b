#include "data/images/codec.h"

#include <cmath>

#include "core/error.h"
#include "core/memory.h"
#include "core/settings.h"

namespace samsr {
void ImageLimits::bind(Settings& settings) {
  settings
      .add("images.max_megapixels", megapixels,
           "largest picture that is read, in millions of pixels; its header is looked at before memory is taken")
      .between(std::int64_t{1}, std::int64_t{100000});
  settings
      .add("images.max_memory_mb", memory_mb, "memory that decoding one picture may take, MB; 0: half of what is free")
      .at_least(std::int64_t{0});
}

namespace {

/// UserError beginning with `what`, which says what takes `needed` MB, where that is beyond the limit.
void check_memory(const std::string& what, double needed, const ImageLimits& limits) {
  if (limits.memory_mb > 0 && needed > static_cast<double>(limits.memory_mb)) {
    throw UserError("{}, above images.max_memory_mb={}; raise it, or make the picture smaller", what, limits.memory_mb);
  }
  // Small pictures need no look at the machine.
  constexpr double kAlwaysThere = 64;
  if (limits.memory_mb > 0 || needed <= kAlwaysThere) {
    return;
  }
  if (const auto free = free_memory_mb(); free && needed > *free / 2) {
    throw UserError("{}, above half of the memory that is free; free some, or set images.max_memory_mb", what);
  }
}

}  // namespace

void check_limits(const std::string& name, const PictureLayout& layout, double bytes_a_pixel,
                  const ImageLimits& limits) {
  const double pixels = static_cast<double>(layout.width) * static_cast<double>(layout.height);
  if (pixels > static_cast<double>(limits.megapixels) * 1e6) {
    throw UserError("{}: has {} x {} pixels, above images.max_megapixels={}; raise it, or make the picture smaller",
                    name, layout.width, layout.height, limits.megapixels);
  }
  const double needed = pixels * bytes_a_pixel / 1e6;
  check_memory(
      fmt::format("{}: {} x {} pixels take {:.0f} MB to decode", name, layout.width, layout.height, std::ceil(needed)),
      needed, limits);
}

void check_file_size(const std::string& name, std::uint64_t bytes, const ImageLimits& limits) {
  const double megabytes = static_cast<double>(bytes) / 1e6;
  check_memory(fmt::format("{}: the file has {:.0f} MB", name, std::ceil(megabytes)), megabytes, limits);
}

}  // namespace samsr
