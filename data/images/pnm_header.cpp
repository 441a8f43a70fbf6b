#include "data/images/pnm_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <sstream>

#include "core/error.h"

namespace samsr {
namespace {

bool is_pnm_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct PamType {
  const char* name;
  int channels;
};
constexpr std::array kPamTypes{PamType{"BLACKANDWHITE", 1}, PamType{"BLACKANDWHITE_ALPHA", 2},
                               PamType{"GRAYSCALE", 1},     PamType{"GRAYSCALE_ALPHA", 2},
                               PamType{"RGB", 3},           PamType{"RGB_ALPHA", 4}};

}  // namespace

double PnmHeader::raster_bytes() const {
  const double rows = static_cast<double>(height);
  if (kind == '4') {
    return static_cast<double>((width + 7) / 8) * rows;
  }
  const double values = static_cast<double>(width) * static_cast<double>(depth) * rows;
  if (plain()) {
    return bits() ? values : values * 2 - 1;
  }
  return values * (most > 255 ? 2 : 1);
}

void PnmReader::fail_early() const { throw UserError("{}: the Netpbm file ends early (truncated?)", name_); }

void PnmReader::fail(const std::string& reason) const { throw UserError("{}: damaged Netpbm file: {}", name_, reason); }

/// The next byte; a comment is its line end. -1 at the end of the file.
int PnmReader::next() {
  if (position_ >= file_.size()) {
    return -1;
  }
  int c = static_cast<unsigned char>(file_[position_++]);
  if (c == '#') {
    while (c != '\n' && c != '\r') {
      if (position_ >= file_.size()) {
        return -1;
      }
      c = static_cast<unsigned char>(file_[position_++]);
    }
  }
  return c;
}

std::uint32_t PnmReader::number() {
  int c = next();
  while (is_pnm_space(c)) {
    c = next();
  }
  if (c < 0) {
    fail_early();
  }
  std::uint64_t value = 0;
  do {
    if (c < '0' || c > '9') {
      fail("a number is expected, not other characters");
    }
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > std::numeric_limits<std::int32_t>::max()) {
      fail("a number is too large");
    }
    c = next();
  } while (c >= 0 && !is_pnm_space(c));
  return static_cast<std::uint32_t>(value);
}

std::uint32_t PnmReader::bit() {
  int c = next();
  while (is_pnm_space(c)) {
    c = next();
  }
  if (c < 0) {
    fail_early();
  }
  if (c != '0' && c != '1') {
    fail("a pixel is neither 0 nor 1");
  }
  return c == '1' ? 1 : 0;
}

void PnmReader::skip_space() {
  while (position_ < file_.size() && is_pnm_space(static_cast<unsigned char>(file_[position_]))) {
    ++position_;
  }
}

std::string PnmReader::next_line() {
  const std::size_t end = file_.find('\n', position_);
  if (end == std::string_view::npos) {
    fail_early();
  }
  const std::string line(file_.substr(position_, end - position_));
  position_ = end + 1;
  return line;
}

PnmHeader PnmReader::header() {
  const std::string_view start = rest();
  if (start.size() < 3) {
    fail_early();
  }
  if (start[0] == 'P' && (start[1] == 'f' || start[1] == 'F')) {
    throw UserError("{}: has pixels of 32-bit floating point (PFM); convert it to 8 or 16 bits", name_);
  }
  if (start[0] != 'P' || start[1] < '1' || start[1] > '7') {
    fail("it has no header");
  }
  PnmHeader header;
  header.kind = start[1];
  skip(2);
  if (header.kind == '7') {
    read_pam(header);
  } else {
    header.width = number();
    header.height = number();
    header.most = header.bits() ? 1 : number();
    header.depth = header.channels = header.kind == '3' || header.kind == '6' ? 3 : 1;
    // number() ends with the white space behind it, or at the file's end.
    if (rest().empty()) {
      fail_early();
    }
  }
  if (header.width == 0 || header.height == 0) {
    fail("it has no pixels");
  }
  if (header.most == 0 || header.most > 65535) {
    fail(fmt::format("its largest value (maxval) is {}, expected 1 to 65535", header.most));
  }
  return header;
}

void PnmReader::read_pam(PnmHeader& header) {
  header.depth = 0;
  header.most = 0;
  std::string type;
  if (const std::string line = next_line(); !std::all_of(line.begin(), line.end(), is_pnm_space)) {
    fail("its header begins with more than P7");
  }
  for (;;) {
    std::istringstream line(next_line());
    std::string key;
    line >> key;
    if (key.empty() || key[0] == '#') {
      continue;
    }
    if (key == "ENDHDR") {
      break;
    }
    if (key == "TUPLTYPE") {
      std::string value;
      line >> value;
      type += (type.empty() ? "" : " ") + value;
      continue;
    }
    std::int64_t value = 0;
    std::string more;
    if (!(line >> value) || (line >> more) || value < 1 || value > std::numeric_limits<std::int32_t>::max()) {
      fail(fmt::format("{} in its header is no number of pixels or values", key));
    }
    if (key == "WIDTH") {
      header.width = value;
    } else if (key == "HEIGHT") {
      header.height = value;
    } else if (key == "DEPTH") {
      header.depth = value;
    } else if (key == "MAXVAL") {
      header.most = static_cast<std::uint32_t>(value);
    } else {
      fail(fmt::format("its header has an unknown line {}", key));
    }
  }
  apply_pam_type(header, type);
}

void PnmReader::apply_pam_type(PnmHeader& header, const std::string& type) const {
  if (type.empty()) {
    if (header.depth < 1 || header.depth > 4) {
      throw UserError("{}: has {} values a pixel without a meaning (TUPLTYPE); convert it to RGB", name_, header.depth);
    }
    header.channels = static_cast<int>(header.depth);
    return;
  }
  const auto known = std::find_if(kPamTypes.begin(), kPamTypes.end(), [&](const PamType& t) { return t.name == type; });
  if (known == kPamTypes.end()) {
    throw UserError("{}: has pixels of type {}; convert it to RGB", name_, type);
  }
  if (header.depth < known->channels) {
    fail(fmt::format("{} values a pixel (DEPTH) are too few for {}", header.depth, type));
  }
  header.channels = known->channels;
}

}  // namespace samsr
