#include "data/images/png_writer.h"

#include <png.h>
#include <zlib.h>

#include <array>
#include <new>
#include <stdexcept>
#include <utility>

#include "data/images/png_calls.h"

namespace samsr {
namespace {

constexpr std::array<int, 5> kColourTypes{0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                          PNG_COLOR_TYPE_RGB_ALPHA};
constexpr std::size_t kFlushed = std::size_t{1} << 16;

/// The iCCP chunk: a name, a zero, method 0, the packed profile. libpng's own call refuses profiles that every reader
/// understands.
std::string profile_chunk(const std::string& profile) {
  uLongf size = ::compressBound(profile.size());
  std::string packed(size, '\0');
  if (::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(profile.data()),
                 profile.size()) != Z_OK) {
    throw std::bad_alloc();
  }
  packed.resize(size);
  return std::string("ICC profile\0\0", 13) + packed;
}

class PngWriter : public ImageWriter {
 public:
  PngWriter(std::unique_ptr<ByteSink> sink, const PictureLayout& layout, const std::string& profile)
      : sink_(std::move(sink)), type_(CV_MAKETYPE(layout.bits == 16 ? CV_16U : CV_8U, layout.channels)) {
    png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, &messages_, PngMessages::on_error, PngMessages::on_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_write_struct(&png_, &info_);
      throw std::bad_alloc();
    }
    try {
      begin(layout, profile.empty() ? std::string() : profile_chunk(profile));
    } catch (...) {
      png_destroy_write_struct(&png_, &info_);
      throw;
    }
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
  ~PngWriter() override { png_destroy_write_struct(&png_, &info_); }

  void write(const cv::Mat& rows) override {
    CV_Assert(rows.type() == type_);
    for (int y = 0; y < rows.rows; ++y) {
      check(png_succeeds(png_, [&] { png_write_row(png_, rows.ptr(y)); }));
      pending_.flush(*sink_, kFlushed);
    }
  }

  void finish() override {
    check(png_succeeds(png_, [&] { png_write_end(png_, info_); }));
    pending_.flush(*sink_);
    sink_->finish();
  }

 private:
  void begin(const PictureLayout& layout, const std::string& chunk) {
    check(png_succeeds(png_, [&] {
      png_set_write_fn(png_, &pending_, on_bytes, nullptr);
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      // Run lengths of differences: within a few percent of zlib's best on photographs, and many times faster.
      png_set_filter(png_, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
      png_set_compression_level(png_, Z_BEST_SPEED);
      png_set_compression_strategy(png_, Z_RLE);
      png_set_IHDR(png_, info_, static_cast<png_uint_32>(layout.width), static_cast<png_uint_32>(layout.height),
                   layout.bits, kColourTypes[static_cast<std::size_t>(layout.channels)], PNG_INTERLACE_NONE,
                   PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
      png_write_info_before_PLTE(png_, info_);
      if (!chunk.empty()) {
        png_write_chunk(png_, reinterpret_cast<png_const_bytep>("iCCP"),
                        reinterpret_cast<png_const_bytep>(chunk.data()), chunk.size());
      }
      png_write_info(png_, info_);
      if (layout.bits == 16) {
        png_set_swap(png_);  // PNG is big-endian
      }
    }));
  }
  static void on_bytes(png_structp png, png_bytep bytes, std::size_t count) {
    if (!static_cast<PendingBytes*>(png_get_io_ptr(png))->append(bytes, count)) {
      png_error(png, "out of memory");
    }
  }
  void check(bool succeeded) const {
    if (!succeeded) {
      throw std::runtime_error("libpng: " + messages_.error());
    }
  }

  std::unique_ptr<ByteSink> sink_;
  const int type_;
  PngMessages messages_;
  PendingBytes pending_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

std::unique_ptr<ImageWriter> make_png_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                             const std::string& profile) {
  return std::make_unique<PngWriter>(std::move(sink), layout, profile);
}

}  // namespace samsr
