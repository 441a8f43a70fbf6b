#pragma once
// libpng reports errors by a jump. Calls of it run in a function of their own, in whose frames nothing has to be
// destroyed, so that the jump passes over no C++ object.

#include <png.h>

#include <array>
#include <csetjmp>
#include <string>
#include <vector>

namespace samsr {

/// What libpng says about one file; it prints nothing.
class PngMessages {
 public:
  std::string error() const { return error_.data(); }
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// The callbacks of png_create_read_struct() and png_create_write_struct(), whose pointer is a PngMessages.
  [[noreturn]] static void on_error(png_structp png, png_const_charp message);
  static void on_warning(png_structp png, png_const_charp message) noexcept;

 private:
  std::array<char, 160> error_{};
  std::vector<std::string> warnings_;
};

/// Runs `calls`, in which nothing has a destructor; false after an error, which is in the PngMessages.
template <class Calls>
bool png_succeeds(png_structp png, const Calls& calls) {
  if (setjmp(png_jmpbuf(png)) != 0) {
    return false;
  }
  calls();
  return true;
}

}  // namespace samsr
