#pragma once
// Headers and plain numbers of Netpbm files.

#include <cstdint>
#include <string>
#include <string_view>

namespace samsr {

struct PnmHeader {
  char kind = '6';  ///< the digit behind the P
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::int64_t depth = 3;    ///< values a pixel in the file
  int channels = 3;          ///< of them, those of the picture, in front
  std::uint32_t most = 255;  ///< maxval

  bool plain() const { return kind <= '3'; }
  bool bits() const { return kind == '1' || kind == '4'; }
  /// Of the pixels behind the header; at least so many when they are plain.
  double raster_bytes() const;
};

/// Reads a Netpbm file from the front.
class PnmReader {
 public:
  /// `name` stands for the file in errors; both must outlive the reader.
  PnmReader(std::string_view file, const std::string& name) : file_(file), name_(name) {}

  /// The header that begins here, up to the first byte of the pixels. UserError when it is none or damaged.
  PnmHeader header();

  /// The next number of a plain picture.
  std::uint32_t number();

  /// The next digit of a plain bitmap, 0 or 1.
  std::uint32_t bit();

  /// Nothing follows the last number.
  bool ends_in_a_number() const { return position_ == file_.size() && file_.back() >= '0' && file_.back() <= '9'; }

  std::string_view rest() const { return file_.substr(position_); }
  void skip(std::size_t bytes) { position_ += bytes; }

  /// White space behind a picture, which some writers leave.
  void skip_space();

  [[noreturn]] void fail_early() const;
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  int next();
  std::string next_line();
  void read_pam(PnmHeader& header);
  void apply_pam_type(PnmHeader& header, const std::string& type) const;

  std::string_view file_;
  const std::string& name_;
  std::size_t position_ = 0;
};

}  // namespace samsr
