#include "data/images/bmp_codec.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/error.h"
#include "data/images/bmp_header.h"
#include "data/images/empty_alpha.h"

namespace samsr {
namespace {

class BmpPixels {
 public:
  BmpPixels(std::string_view file, const BmpHeader& header, const std::string& name, DecodedPicture& picture)
      : file_(file.substr(std::min(header.pixels_at, file.size()))),
        header_(header),
        name_(name),
        channels_(header.picture().channels),
        picture_(picture) {}

  void read() {
    const PictureLayout made = header_.picture();
    const std::uint64_t bytes = static_cast<std::uint64_t>(header_.row_bytes() * header_.height);
    if (!header_.run_lengths && bytes > file_.size()) {
      fail_bmp_early(name_);
    }
    picture_.pixels.create(static_cast<int>(made.height), static_cast<int>(made.width),
                           CV_MAKETYPE(made.bits == 16 ? CV_16U : CV_8U, made.channels));
    if (header_.run_lengths) {
      return read_runs();
    }
    for (std::int64_t y = 0; y < header_.height; ++y) {
      const auto* row = reinterpret_cast<const std::uint8_t*>(file_.data()) + y * header_.row_bytes();
      if (header_.indexed()) {
        read_indices(row, y);
      } else if (header_.bits == 24) {
        read_bytes(row, y);
      } else if (made.bits == 16) {
        read_fields<std::uint16_t>(row, y);
      } else {
        read_fields<std::uint8_t>(row, y);
      }
    }
  }

 private:
  /// `y` counts rows as the file has them.
  template <class T = std::uint8_t>
  T* row_of(std::int64_t y) {
    return picture_.pixels.ptr<T>(static_cast<int>(header_.top_down ? y : header_.height - 1 - y));
  }

  void put_colour(std::uint8_t* out, std::uint32_t index) const {
    if (index >= header_.palette.size()) {
      throw UserError("{}: damaged BMP file: a pixel has colour {} of a palette of {}", name_, index,
                      header_.palette.size());
    }
    std::copy_n(header_.palette[index].begin(), channels_, out);
  }

  void read_indices(const std::uint8_t* row, std::int64_t y) {
    std::uint8_t* out = row_of(y);
    const std::uint32_t mask = (1U << header_.bits) - 1;
    for (std::int64_t x = 0; x < header_.width; ++x, out += channels_) {
      const std::int64_t bit = x * header_.bits;
      put_colour(out, static_cast<std::uint32_t>(row[bit / 8]) >> (8 - header_.bits - bit % 8) & mask);
    }
  }

  void read_bytes(const std::uint8_t* row, std::int64_t y) {
    std::uint8_t* out = row_of(y);
    for (std::int64_t x = 0; x < header_.width; ++x, row += 3, out += 3) {
      out[0] = row[2];
      out[1] = row[1];
      out[2] = row[0];
    }
  }

  template <class T>
  void read_fields(const std::uint8_t* row, std::int64_t y) {
    constexpr std::uint64_t kFull = std::numeric_limits<T>::max();
    T* out = row_of<T>(y);
    const int bytes = header_.bits / 8;
    for (std::int64_t x = 0; x < header_.width; ++x, row += bytes) {
      std::uint32_t pixel = 0;
      for (int i = 0; i < bytes; ++i) {
        pixel |= static_cast<std::uint32_t>(row[i]) << 8 * i;
      }
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels_); ++c) {
        const std::uint32_t mask = header_.masks[c];
        const int shift = std::countr_zero(mask);
        const std::uint64_t most = mask >> shift;
        *out++ = static_cast<T>((((pixel & mask) >> shift) * kFull + most / 2) / most);
      }
    }
  }

  std::uint32_t next() {
    if (at_ >= file_.size()) {
      fail_bmp_early(name_);
    }
    return static_cast<unsigned char>(file_[at_++]);
  }

  void put_run(std::uint32_t index) {
    if (x_ >= header_.width || y_ >= header_.height) {
      throw UserError("{}: damaged BMP file: its runs go beyond the picture", name_);
    }
    put_colour(row_of(y_) + x_ * channels_, index);
    ++x_;
    ++put_;
  }

  /// `count` pixels that lie in the file one by one, padded to 16 bits.
  void put_literals(std::uint32_t count) {
    const std::size_t start = at_;
    std::uint32_t byte = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (header_.bits == 8) {
        put_run(next());
      } else {
        byte = i % 2 == 0 ? next() : byte << 4;
        put_run(byte >> 4 & 15);
      }
    }
    if ((at_ - start) % 2 == 1) {
      next();
    }
  }

  void read_runs() {
    // Pixels that runs pass over have colour 0.
    for (std::int64_t y = 0; y < header_.height; ++y) {
      for (std::int64_t x = 0; x < header_.width; ++x) {
        put_colour(row_of(y) + x * channels_, 0);
      }
    }
    const std::int64_t pixels = header_.width * header_.height;
    // Some writers leave out the end mark behind the last pixel.
    while (put_ < pixels) {
      const std::uint32_t count = next();
      const std::uint32_t value = next();
      if (count > 0) {
        for (std::uint32_t i = 0; i < count; ++i) {
          put_run(header_.bits == 8 ? value : i % 2 == 0 ? value >> 4 : value & 15);
        }
      } else if (value == 0) {
        x_ = 0;
        ++y_;
      } else if (value == 1) {
        break;
      } else if (value == 2) {
        x_ += next();
        y_ += next();
      } else {
        put_literals(value);
      }
    }
    if (put_ < pixels) {
      picture_.remarks.emplace_back("pixels that the file passes over have its first colour");
    }
  }

  std::string_view file_;  ///< from the first pixel on
  const BmpHeader& header_;
  const std::string& name_;
  int channels_;
  DecodedPicture& picture_;
  // Of run lengths.
  std::size_t at_ = 0;
  std::int64_t x_ = 0;
  std::int64_t y_ = 0;
  std::int64_t put_ = 0;
};

}  // namespace

bool is_bmp(std::string_view file) { return file.substr(0, 2) == "BM"; }

DecodedPicture decode_bmp(std::string_view file, const std::string& name, const ImageLimits& limits) {
  const BmpHeader header = read_bmp_header(file, name);
  const PictureLayout layout = header.picture();
  // Leaving alpha out copies the colours.
  check_limits(name, layout, (layout.channels == 4 ? 4 + 3 : layout.channels) * layout.bits / 8.0, limits);
  DecodedPicture picture;
  picture.profile = header.profile;
  picture.remarks = header.remarks;
  BmpPixels(file, header, name, picture).read();
  // Programs that copy a screen name a mask of alpha and leave its bits at 0; browsers show such a file too.
  if (picture.pixels.channels() == 4 && alpha_is_empty(picture.pixels)) {
    picture.pixels = without_alpha(picture.pixels);
    picture.remarks.emplace_back("an empty alpha channel left out");
  }
  return picture;
}

}  // namespace samsr
