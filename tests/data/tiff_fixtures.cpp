#include "data/tiff_fixtures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace samsr::testing {
namespace {

void set_page_tags(TIFF* file, const TiffPage& page) {
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, page.width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, page.height);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, page.bits);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, page.samples_a_pixel);
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, page.photometric);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG, page.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(file, TIFFTAG_COMPRESSION, page.compression);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, page.sample_format);
  TIFFSetField(file, TIFFTAG_ORIENTATION, page.orientation);
  TIFFSetField(file, TIFFTAG_SUBFILETYPE, page.subfile);
  TIFFSetField(file, TIFFTAG_FILLORDER, page.fill_order);
  if (page.predictor != PREDICTOR_NONE) {
    TIFFSetField(file, TIFFTAG_PREDICTOR, page.predictor);
  }
  if (page.compression == COMPRESSION_LZMA) {
    TIFFSetField(file, TIFFTAG_LZMAPRESET, 0);  // others take tens of megabytes
  }
  if (!page.extra.empty()) {
    TIFFSetField(file, TIFFTAG_EXTRASAMPLES, static_cast<int>(page.extra.size()), page.extra.data());
  }
  if (page.tile > 0) {
    TIFFSetField(file, TIFFTAG_TILEWIDTH, page.tile);
    TIFFSetField(file, TIFFTAG_TILELENGTH, page.tile);
  } else {
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, page.rows_a_strip);
  }
  if (!page.palette.empty()) {
    const std::uint16_t* map = page.palette.data();
    const std::size_t entries = std::size_t{1} << page.bits;
    TIFFSetField(file, TIFFTAG_COLORMAP, map, map + entries, map + 2 * entries);
  }
  if (!page.profile.empty()) {
    TIFFSetField(file, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(page.profile.size()), page.profile.data());
  }
  if (page.compression == COMPRESSION_JPEG && page.photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
}

/// A row of samples as the file has it: 16 bits in the machine's order, others from the highest bit down.
std::string packed_row(const std::vector<std::uint16_t>& samples, int bits) {
  if (bits == 16) {
    return {reinterpret_cast<const char*>(samples.data()), samples.size() * 2};
  }
  std::string row((samples.size() * static_cast<std::size_t>(bits) + 7) / 8, '\0');
  std::size_t at = 0;
  for (const std::uint16_t sample : samples) {
    for (int bit = bits - 1; bit >= 0; --bit, ++at) {
      row[at / 8] = static_cast<char>(row[at / 8] | (sample >> bit & 1) << (7 - at % 8));
    }
  }
  return row;
}

/// A strip or tile, which is 0 outside of the picture.
std::string packed_block(const TiffPage& page, std::uint32_t left, std::uint32_t top, int plane) {
  const std::uint32_t width = page.tile > 0 ? page.tile : page.width;
  const std::uint32_t height = page.tile > 0 ? page.tile : std::min(page.rows_a_strip, page.height - top);
  const auto stride = static_cast<std::uint32_t>(page.samples_a_pixel);
  std::string block;
  for (std::uint32_t y = top; y < top + height; ++y) {
    std::vector<std::uint16_t> row;
    for (std::uint32_t x = left; x < left + width; ++x) {
      for (std::uint32_t c = 0; c < stride; ++c) {
        const bool inside = x < page.width && y < page.height;
        if (!page.planar || static_cast<int>(c) == plane) {
          row.push_back(inside ? page.samples[(y * page.width + x) * stride + c] : std::uint16_t{0});
        }
      }
    }
    block += packed_row(row, page.bits);
  }
  return block;
}

void write_page(TIFF* file, const TiffPage& page) {
  set_page_tags(file, page);
  const std::uint32_t width = page.tile > 0 ? page.tile : page.width;
  const std::uint32_t height = page.tile > 0 ? page.tile : page.rows_a_strip;
  for (int plane = 0; plane < (page.planar ? page.samples_a_pixel : 1); ++plane) {
    for (std::uint32_t top = 0; top < page.height; top += height) {
      for (std::uint32_t left = 0; left < page.width; left += width) {
        std::string block = packed_block(page, left, top, plane);
        const auto size = static_cast<tmsize_t>(block.size());
        const auto sample = static_cast<std::uint16_t>(plane);
        const tmsize_t written =
            page.tile > 0 ? TIFFWriteEncodedTile(file, TIFFComputeTile(file, left, top, 0, sample), block.data(), size)
                          : TIFFWriteEncodedStrip(file, TIFFComputeStrip(file, top, sample), block.data(), size);
        ASSERT_EQ(written, size) << "a block of " << page.width << "x" << page.height << " in compression "
                                 << page.compression;
      }
    }
  }
  ASSERT_EQ(TIFFWriteDirectory(file), 1);
}

/// A file in memory that libtiff writes.
struct MadeFile {
  std::string bytes{};
  toff_t position = 0;

  TiffCallbacks callbacks() { return {.client = this, .read = read, .write = write, .seek = seek, .size = size}; }

  static tmsize_t read(thandle_t client, void* to, tmsize_t count) {
    auto& self = *static_cast<MadeFile*>(client);
    const std::size_t taken = self.bytes.copy(static_cast<char*>(to), static_cast<std::size_t>(count), self.position);
    self.position += taken;
    return static_cast<tmsize_t>(taken);
  }
  static tmsize_t write(thandle_t client, void* from, tmsize_t count) {
    auto& self = *static_cast<MadeFile*>(client);
    const auto size = static_cast<std::size_t>(count);
    self.bytes.resize(std::max<std::size_t>(self.bytes.size(), self.position + size));
    self.bytes.replace(self.position, size, static_cast<const char*>(from), size);
    self.position += size;
    return count;
  }
  static toff_t seek(thandle_t client, toff_t offset, int whence) {
    auto& self = *static_cast<MadeFile*>(client);
    const toff_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? self.position : self.bytes.size();
    return self.position = base + offset;
  }
  static toff_t size(thandle_t client) { return static_cast<MadeFile*>(client)->bytes.size(); }
};

void append_number(std::string& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<char>(value >> 8 * i & 255);
  }
}

}  // namespace

std::string tiff_file(const std::vector<TiffPage>& pages, const std::string& mode) {
  MadeFile made;
  TiffMessages messages;
  {
    const TiffHandle file = open_tiff(mode.c_str(), made.callbacks(), messages, 0);
    EXPECT_NE(file, nullptr) << messages.error;
    for (const TiffPage& page : pages) {
      write_page(file.get(), page);
    }
  }
  EXPECT_EQ(messages.error, "");
  return made.bytes;
}

TiffPage random_page(std::uint32_t width, std::uint32_t height, int samples_a_pixel, int bits) {
  TiffPage page{.width = width, .height = height, .bits = bits, .samples_a_pixel = samples_a_pixel};
  std::mt19937 random(width * 31 + height * 7 + static_cast<std::uint32_t>(samples_a_pixel * 3 + bits));
  page.samples.resize(static_cast<std::size_t>(width) * height * static_cast<std::size_t>(samples_a_pixel));
  for (std::uint16_t& sample : page.samples) {
    sample = static_cast<std::uint16_t>(random() & ((1U << bits) - 1));
  }
  return page;
}

std::uint32_t handmade_data_offset(std::size_t entries) { return static_cast<std::uint32_t>(8 + 2 + 12 * entries + 4); }

std::string handmade_tiff(const std::vector<TiffEntry>& entries, const std::string& data) {
  std::string file("II*\0\x08\0\0\0", 8);
  append_number(file, static_cast<std::uint32_t>(entries.size()), 2);
  for (const TiffEntry& entry : entries) {
    append_number(file, entry.tag, 2);
    append_number(file, entry.type, 2);
    append_number(file, entry.count, 4);
    append_number(file, entry.value, 4);
  }
  append_number(file, 0, 4);
  return file + data;
}

}  // namespace samsr::testing
