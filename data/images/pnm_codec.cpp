#include "data/images/pnm_codec.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "data/images/pnm_header.h"

namespace samsr {
namespace {

/// Values to 0 … 255 or 0 … 65535.
class PnmScale {
 public:
  explicit PnmScale(const PnmHeader& header) : scaled_(header.most + 1) {
    const std::uint64_t full = header.most > 255 ? 65535 : 255;
    for (std::uint64_t value = 0; value <= header.most; ++value) {
      // Bitmaps count black.
      const std::uint64_t light = header.bits() ? header.most - value : value;
      scaled_[value] = static_cast<std::uint16_t>((light * full + header.most / 2) / header.most);
    }
  }

  std::uint16_t of(std::uint32_t value, const PnmReader& reader) const {
    if (value >= scaled_.size()) {
      reader.fail(fmt::format("a value of {} is above its largest (maxval), {}", value, scaled_.size() - 1));
    }
    return scaled_[value];
  }

 private:
  std::vector<std::uint16_t> scaled_;
};

/// A plain picture's last number, which no white space ends: it may be a part of a longer one.
void check_last_number(std::uint32_t last, const PnmHeader& header, const PnmReader& reader) {
  if (last > 0 && last * 10 <= header.most) {
    reader.fail("its last number may be cut; it needs a line end behind it");
  }
}

/// One value of a raw row.
std::uint32_t raw_value(const unsigned char* row, std::int64_t index, const PnmHeader& header) {
  if (header.bits()) {
    return row[index / 8] >> (7 - index % 8) & 1;
  }
  return header.most > 255 ? static_cast<std::uint32_t>(row[2 * index] << 8 | row[2 * index + 1]) : row[index];
}

template <class T>
void read_pnm_pixels(PnmReader& reader, const PnmHeader& header, cv::Mat& pixels) {
  if (!header.plain() && header.most == 255 && header.depth == header.channels) {
    const auto values = static_cast<std::size_t>(header.width * header.channels);
    for (int y = 0; y < pixels.rows; ++y, reader.skip(values)) {
      std::copy_n(reader.rest().begin(), values, pixels.ptr<char>(y));
    }
    return;
  }
  const PnmScale scale(header);
  std::uint32_t value = 0;
  const auto row_bytes = static_cast<std::size_t>(header.raster_bytes() / static_cast<double>(header.height));
  for (int y = 0; y < pixels.rows; ++y) {
    T* out = pixels.ptr<T>(y);
    const auto* row = reinterpret_cast<const unsigned char*>(reader.rest().data());
    for (std::int64_t i = 0; i < header.width * header.depth; ++i) {
      value = !header.plain() ? raw_value(row, i, header) : header.bits() ? reader.bit() : reader.number();
      const auto scaled = static_cast<T>(scale.of(value, reader));
      if (i % header.depth < header.channels) {
        *out++ = scaled;
      }
    }
    if (!header.plain()) {
      reader.skip(row_bytes);
    }
  }
  if (header.plain() && !header.bits() && reader.ends_in_a_number()) {
    check_last_number(value, header, reader);
  }
}

/// Raw files may hold one picture behind the other: those that follow.
int further_pictures(PnmReader& reader) {
  int count = 0;
  for (;;) {
    reader.skip_space();
    const std::string_view rest = reader.rest();
    if (rest.size() < 3 || rest[0] != 'P' || rest[1] < '4' || rest[1] > '7') {
      return count;
    }
    try {
      const double bytes = reader.header().raster_bytes();
      ++count;
      if (bytes >= static_cast<double>(reader.rest().size())) {
        return count;
      }
      reader.skip(static_cast<std::size_t>(bytes));
    } catch (const UserError&) {
      return count;  // bytes behind the picture that are no picture
    }
  }
}

}  // namespace

bool is_pnm(std::string_view file) {
  if (file.size() < 3 || file[0] != 'P') {
    return false;
  }
  const bool kind = (file[1] >= '1' && file[1] <= '7') || file[1] == 'f' || file[1] == 'F';
  return kind && (file[2] == ' ' || file[2] == '#' || (file[2] >= '\t' && file[2] <= '\r'));
}

DecodedPicture decode_pnm(std::string_view file, const std::string& name, const ImageLimits& limits) {
  PnmReader reader(file, name);
  const PnmHeader header = reader.header();
  const PictureLayout layout{
      .width = header.width, .height = header.height, .channels = header.channels, .bits = header.most > 255 ? 16 : 8};
  check_limits(name, layout, layout.channels * layout.bits / 8.0, limits);
  if (header.raster_bytes() > static_cast<double>(reader.rest().size())) {
    reader.fail_early();
  }
  DecodedPicture picture;
  picture.pixels.create(static_cast<int>(header.height), static_cast<int>(header.width),
                        CV_MAKETYPE(layout.bits == 16 ? CV_16U : CV_8U, layout.channels));
  if (layout.bits == 16) {
    read_pnm_pixels<std::uint16_t>(reader, header, picture.pixels);
  } else {
    read_pnm_pixels<std::uint8_t>(reader, header, picture.pixels);
  }
  if (header.depth > header.channels) {
    picture.remarks.push_back(fmt::format("{} extra channels left out", header.depth - header.channels));
  }
  if (const int further = header.plain() ? 0 : further_pictures(reader); further > 0) {
    picture.remarks.push_back(fmt::format("first of {} pictures", further + 1));
  }
  return picture;
}

}  // namespace samsr
