#pragma once
// libjpeg reports errors through callbacks that may not return. Here they jump: calls of libjpeg run in a function of
// their own, in whose frames nothing has to be destroyed, so that the jump passes over no C++ object.

#include <array>
#include <bitset>
#include <csetjmp>
#include <cstddef>
#include <cstdio>

// libjpeg's header needs <cstdio> before it.
#include <jpeglib.h>

namespace samsr {

/// What libjpeg says about one file; it prints nothing. To be set before the object is created: `err` to manager(),
/// `client_data` to this.
class JpegErrors {
 public:
  JpegErrors();
  JpegErrors(const JpegErrors&) = delete;
  JpegErrors& operator=(const JpegErrors&) = delete;

  jpeg_error_mgr* manager() { return &manager_; }

  /// Runs `calls`, in which nothing has a destructor; false after an error.
  template <class Calls>
  bool succeeds(const Calls& calls) {
    if (setjmp(jump_) != 0) {
      return false;
    }
    calls();
    return true;
  }

  int error_code() const { return manager_.msg_code; }  ///< of jerror.h, after an error
  const char* error() const { return error_.data(); }   ///< libjpeg's words
  bool warned(int code) const { return warned_[static_cast<std::size_t>(code) % kCodes]; }
  /// The first warning that says that pixels are missing or wrong; empty when there was none. That the file ends
  /// (JWRN_JPEG_EOF) is none: every pixel may have been there before.
  const char* damage() const { return damage_.data(); }

 private:
  static constexpr std::size_t kCodes = 256;  ///< more than libjpeg has
  using Text = std::array<char, JMSG_LENGTH_MAX>;

  [[noreturn]] static void on_error(j_common_ptr object);
  static void on_message(j_common_ptr object, int level);

  jpeg_error_mgr manager_{};
  std::jmp_buf jump_{};
  Text error_{};
  Text damage_{};
  std::bitset<kCodes> warned_;
};

}  // namespace samsr
