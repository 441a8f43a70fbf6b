#pragma once
// libtiff's open file as an object: from memory or from callbacks, with its messages kept instead of printed.

// libtiff's old integer names collide with OpenCV's.
#define TIFF_DISABLE_DEPRECATED
#include <tiffio.h>

#include <memory>
#include <string>
#include <string_view>

namespace samsr {

/// The first error and the first warning that libtiff had about a file since they were cleared; empty for none.
struct TiffMessages {
  std::string error{};
  std::string warning{};
};

struct CloseTiff {
  void operator()(TIFF* file) const { TIFFClose(file); }
};
using TiffHandle = std::unique_ptr<TIFF, CloseTiff>;

/// How libtiff reaches the bytes of a file.
struct TiffCallbacks {
  thandle_t client = nullptr;
  TIFFReadWriteProc read = nullptr;
  TIFFReadWriteProc write = nullptr;
  TIFFSeekProc seek = nullptr;
  TIFFSizeProc size = nullptr;
  TIFFMapFileProc map = nullptr;  ///< null: libtiff reads
};

/// Opens with `mode` as TIFFOpen has it; null when libtiff refuses, and `messages` says why. `messages` and the client
/// must outlive the handle. `largest_allocation`: bytes that libtiff may ask for at once.
TiffHandle open_tiff(const char* mode, const TiffCallbacks& callbacks, TiffMessages& messages,
                     std::int64_t largest_allocation);

/// A file in memory, read by libtiff where it lies.
class TiffMemory {
 public:
  explicit TiffMemory(std::string_view file) : file_(file) {}
  TiffCallbacks callbacks();

 private:
  static tmsize_t read(thandle_t client, void* bytes, tmsize_t count);
  static toff_t seek(thandle_t client, toff_t offset, int whence);
  static toff_t size(thandle_t client);
  static int map(thandle_t client, void** bytes, toff_t* count);

  std::string_view file_;
  toff_t position_ = 0;
};

}  // namespace samsr
