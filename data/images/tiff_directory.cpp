#include "data/images/tiff_directory.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"

namespace samsr {
namespace {

constexpr std::array kNeededTags{TIFFTAG_BITSPERSAMPLE,     TIFFTAG_STRIPOFFSETS,        TIFFTAG_STRIPBYTECOUNTS,
                                 TIFFTAG_COLORMAP,          TIFFTAG_TILEOFFSETS,         TIFFTAG_TILEBYTECOUNTS,
                                 TIFFTAG_EXTRASAMPLES,      TIFFTAG_SAMPLEFORMAT,        TIFFTAG_JPEGTABLES,
                                 TIFFTAG_YCBCRCOEFFICIENTS, TIFFTAG_REFERENCEBLACKWHITE, TIFFTAG_ICCPROFILE};

/// Tags of one directory may name the same bytes, as small equal values do.
constexpr std::uint64_t kSharedBytes = std::uint64_t{1} << 20;

/// Of one value of a tag's type; 0 for unknown types.
std::uint64_t tiff_type_bytes(std::uint64_t type) {
  switch (type) {
    case TIFF_BYTE:
    case TIFF_ASCII:
    case TIFF_SBYTE:
    case TIFF_UNDEFINED:
      return 1;
    case TIFF_SHORT:
    case TIFF_SSHORT:
      return 2;
    case TIFF_LONG:
    case TIFF_SLONG:
    case TIFF_FLOAT:
    case TIFF_IFD:
      return 4;
    case TIFF_RATIONAL:
    case TIFF_SRATIONAL:
    case TIFF_DOUBLE:
    case TIFF_LONG8:
    case TIFF_SLONG8:
    case TIFF_IFD8:
      return 8;
    default:
      return 0;
  }
}

/// Numbers in the file's order of bytes.
class TiffNumbers {
 public:
  TiffNumbers(std::string_view file, const std::string& name)
      : file_(file), name_(name), little_(file[0] == 'I'), big_(file[2] == 43 || file[3] == 43) {}

  bool big() const { return big_; }
  int offset_bytes() const { return big_ ? 8 : 4; }

  bool holds(std::uint64_t at, std::uint64_t bytes) const {
    return bytes <= file_.size() && at <= file_.size() - bytes;
  }

  std::uint64_t at(std::uint64_t place, int bytes) const {
    if (!holds(place, static_cast<std::uint64_t>(bytes))) {
      fail_early();
    }
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const auto byte = static_cast<std::uint64_t>(little_ ? bytes - 1 - i : i);
      value = value << 8 | static_cast<unsigned char>(file_[place + byte]);
    }
    return value;
  }

  [[noreturn]] void fail_early() const { throw UserError("{}: the TIFF file ends early (truncated?)", name_); }

 private:
  std::string_view file_;
  const std::string& name_;
  bool little_;
  bool big_;
};

}  // namespace

std::uint64_t first_tiff_directory(std::string_view file, const std::string& name) {
  const TiffNumbers numbers(file, name);
  const auto bytes = numbers.offset_bytes();
  const std::uint64_t offset = numbers.at(static_cast<std::uint64_t>(bytes), bytes);
  if (!numbers.holds(offset, 1)) {
    numbers.fail_early();
  }
  return offset;
}

void check_tiff_tags(std::string_view file, const std::string& name, int most_directories) {
  const TiffNumbers numbers(file, name);
  const int offset_bytes = numbers.offset_bytes();
  const std::uint64_t count_bytes = numbers.big() ? 8 : 2;
  const std::uint64_t entry_bytes = numbers.big() ? 20 : 12;
  std::uint64_t offset = first_tiff_directory(file, name);
  std::set<std::uint64_t> seen;
  while (offset != 0 && seen.size() < static_cast<std::size_t>(most_directories)) {
    if (!seen.insert(offset).second || !numbers.holds(offset, count_bytes)) {
      return;  // libtiff says what is wrong with it
    }
    const std::uint64_t entries = numbers.at(offset, static_cast<int>(count_bytes));
    std::uint64_t bytes = 0;
    std::uint64_t entry = offset + count_bytes;
    for (std::uint64_t i = 0; i < entries; ++i, entry += entry_bytes) {
      if (!numbers.holds(entry, entry_bytes)) {
        return;
      }
      const std::uint64_t one = tiff_type_bytes(numbers.at(entry + 2, 2));
      const std::uint64_t count = numbers.at(entry + 4, offset_bytes);
      // Those longer than the file libtiff refuses by itself.
      bytes += one > 0 && count <= file.size() / one ? count * one : 0;
      if (bytes > kSharedBytes + 2 * file.size()) {
        throw UserError("{}: damaged TIFF file: its tags have more bytes than the file", name);
      }
    }
    if (!numbers.holds(entry, static_cast<std::uint64_t>(offset_bytes))) {
      return;
    }
    offset = numbers.at(entry, offset_bytes);
  }
}

void check_tiff_directory(std::string_view file, TIFF* handle, const std::string& name) {
  const TiffNumbers numbers(file, name);
  const int offset_bytes = numbers.offset_bytes();
  const int count_bytes = numbers.big() ? 8 : 2;
  const std::uint64_t entry_bytes = numbers.big() ? 20 : 12;
  const std::uint64_t offset = TIFFCurrentDirOffset(handle);
  const std::uint64_t entries = numbers.at(offset, count_bytes);
  bool indices = false;
  std::uint64_t entry = offset + static_cast<std::uint64_t>(count_bytes);
  for (std::uint64_t i = 0; i < entries; ++i, entry += entry_bytes) {
    const std::uint64_t tag = numbers.at(entry, 2);
    const std::uint64_t count = numbers.at(entry + 4, offset_bytes);
    const std::uint64_t value = entry + 4 + static_cast<std::uint64_t>(offset_bytes);
    indices = indices || (tag == TIFFTAG_PHOTOMETRIC && numbers.at(value, 2) == PHOTOMETRIC_PALETTE);
    const std::uint64_t one = tiff_type_bytes(numbers.at(entry + 2, 2));
    const bool elsewhere = one > 0 && count > static_cast<std::uint64_t>(offset_bytes) / one;
    const bool needed = std::find(kNeededTags.begin(), kNeededTags.end(), static_cast<int>(tag)) != kNeededTags.end();
    if (elsewhere && needed &&
        (count > file.size() / one || !numbers.holds(numbers.at(value, offset_bytes), count * one))) {
      numbers.fail_early();
    }
  }
  std::uint16_t photometric = 0;
  TIFFGetField(handle, TIFFTAG_PHOTOMETRIC, &photometric);
  if (indices && photometric != PHOTOMETRIC_PALETTE) {
    throw UserError("{}: damaged TIFF file: its palette is missing or damaged", name);
  }
}

}  // namespace samsr
