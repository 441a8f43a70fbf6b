#include "data/images/png_calls.h"

#include <cstdio>
#include <exception>

namespace samsr {

void PngMessages::on_error(png_structp png, png_const_charp message) {
  auto* messages = static_cast<PngMessages*>(png_get_error_ptr(png));
  std::snprintf(messages->error_.data(), messages->error_.size(), "%s", message);
  png_longjmp(png, 1);
}

void PngMessages::on_warning(png_structp png, png_const_charp message) noexcept {
  constexpr std::size_t kMost = 100;  // a hostile file could have millions
  auto* messages = static_cast<PngMessages*>(png_get_error_ptr(png));
  try {
    if (messages->warnings_.size() < kMost) {
      messages->warnings_.emplace_back(message);
    }
  } catch (const std::exception&) {
    // Without memory for a remark the picture is read all the same.
  }
}

}  // namespace samsr
