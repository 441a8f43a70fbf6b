#pragma once
// TIFF files for tests, written with libtiff from samples.

#include <cstdint>
#include <string>
#include <vector>

#include "data/images/tiff_handle.h"

namespace samsr::testing {

/// One page. `samples`: height × width × count of them, pixel by pixel, as numbers of `bits` bits.
struct TiffPage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int bits = 8;
  int samples_a_pixel = 3;
  std::vector<std::uint16_t> samples{};
  int photometric = PHOTOMETRIC_RGB;
  std::vector<std::uint16_t> extra{};  ///< EXTRASAMPLE_…
  int compression = COMPRESSION_NONE;
  int predictor = PREDICTOR_NONE;
  int fill_order = FILLORDER_MSB2LSB;
  bool planar = false;
  std::uint32_t tile = 0;  ///< side of a tile; 0: strips
  std::uint32_t rows_a_strip = 5;
  int sample_format = SAMPLEFORMAT_UINT;
  int orientation = 1;
  int subfile = 0;
  std::vector<std::uint16_t> palette{};  ///< red, green and blue, each 2^bits
  std::string profile{};
};

/// A file of these pages; `mode`: "w" with "l" or "b" for the order of bytes and "8" for BigTIFF.
std::string tiff_file(const std::vector<TiffPage>& pages, const std::string& mode = "w");

/// A page of random samples, the same for the same sizes.
TiffPage random_page(std::uint32_t width, std::uint32_t height, int samples_a_pixel, int bits);

/// One entry of a directory that is made by hand: tag, type, count, value or offset.
struct TiffEntry {
  std::uint16_t tag;
  std::uint16_t type;  ///< 3: 16 bits, 4: 32 bits
  std::uint32_t count;
  std::uint32_t value;
};

/// A little-endian file whose directory follows the header at once, and `data` the directory.
std::string handmade_tiff(const std::vector<TiffEntry>& entries, const std::string& data);

/// Where `data` lies in such a file.
std::uint32_t handmade_data_offset(std::size_t entries);

}  // namespace samsr::testing
