#include "data/images/tiff_handle.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace samsr {
namespace {

void keep_first(std::string& kept, const char* format, va_list arguments) {
  if (!kept.empty()) {
    return;
  }
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  kept = text.data();
  // Messages of libjpeg and names inside of them may hold line ends; a user gets one line.
  std::replace_if(
      kept.begin(), kept.end(), [](unsigned char c) { return c < ' '; }, ' ');
  while (!kept.empty() && (kept.back() == ' ' || kept.back() == '.')) {
    kept.pop_back();
  }
}

// A result other than 0 keeps libtiff from calling the handlers of the whole process, which print.
int keep_tiff_error(TIFF*, void* messages, const char*, const char* format, va_list arguments) {
  keep_first(static_cast<TiffMessages*>(messages)->error, format, arguments);
  return 1;
}

int keep_tiff_warning(TIFF*, void* messages, const char*, const char* format, va_list arguments) {
  keep_first(static_cast<TiffMessages*>(messages)->warning, format, arguments);
  return 1;
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }
int close_nothing(thandle_t) { return 0; }
int map_nothing(thandle_t, void**, toff_t*) { return 0; }
void unmap_nothing(thandle_t, void*, toff_t) {}

}  // namespace

TiffHandle open_tiff(const char* mode, const TiffCallbacks& callbacks, TiffMessages& messages,
                     std::int64_t largest_allocation) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  if (!options) {
    throw std::bad_alloc();
  }
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_tiff_error, &messages);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), keep_tiff_warning, &messages);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(largest_allocation));
  return TiffHandle(TIFFClientOpenExt("TIFF", mode, callbacks.client, callbacks.read, callbacks.write, callbacks.seek,
                                      close_nothing, callbacks.size, callbacks.map ? callbacks.map : map_nothing,
                                      unmap_nothing, options.get()));
}

TiffCallbacks TiffMemory::callbacks() {
  return {.client = this, .read = read, .write = write_nothing, .seek = seek, .size = size, .map = map};
}

tmsize_t TiffMemory::read(thandle_t client, void* bytes, tmsize_t count) {
  auto& self = *static_cast<TiffMemory*>(client);
  const toff_t left = self.position_ < self.file_.size() ? self.file_.size() - self.position_ : 0;
  const toff_t taken = std::min<toff_t>(left, static_cast<toff_t>(std::max<tmsize_t>(count, 0)));
  std::memcpy(bytes, self.file_.data() + (left > 0 ? self.position_ : 0), taken);
  self.position_ += taken;
  return static_cast<tmsize_t>(taken);
}

toff_t TiffMemory::seek(thandle_t client, toff_t offset, int whence) {
  auto& self = *static_cast<TiffMemory*>(client);
  const toff_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? self.position_ : self.file_.size();
  return self.position_ = base + offset;
}

toff_t TiffMemory::size(thandle_t client) { return static_cast<TiffMemory*>(client)->file_.size(); }

int TiffMemory::map(thandle_t client, void** bytes, toff_t* count) {
  const std::string_view file = static_cast<TiffMemory*>(client)->file_;
  *bytes = const_cast<char*>(file.data());  // opened for reading: libtiff changes nothing
  *count = file.size();
  return 1;
}

}  // namespace samsr
