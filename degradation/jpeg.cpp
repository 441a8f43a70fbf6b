#include "degradation/jpeg.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "core/jpeg_errors.h"
#include "degradation/convert.h"

namespace samsr {
namespace {

[[noreturn]] void fail(const JpegErrors& errors) {
  throw std::runtime_error(std::string("libjpeg: ") + errors.error());
}

/// The file in memory that jpeg_mem_dest() allocates.
struct JpegFile {
  unsigned char* bytes = nullptr;
  unsigned long size = 0;

  JpegFile() = default;
  JpegFile(const JpegFile&) = delete;
  JpegFile& operator=(const JpegFile&) = delete;
  ~JpegFile() { std::free(bytes); }
};

void encode(const cv::Mat& rgb, int quality, JpegFile& file) {
  JpegErrors errors;
  jpeg_compress_struct object{};
  object.err = errors.manager();
  object.client_data = &errors;
  const bool done = errors.succeeds([&] {
    jpeg_create_compress(&object);
    jpeg_mem_dest(&object, &file.bytes, &file.size);
    object.image_width = static_cast<JDIMENSION>(rgb.cols);
    object.image_height = static_cast<JDIMENSION>(rgb.rows);
    object.input_components = 3;
    object.in_color_space = JCS_RGB;
    jpeg_set_defaults(&object);
    jpeg_set_quality(&object, quality, TRUE);
    jpeg_start_compress(&object, TRUE);
    for (int y = 0; y < rgb.rows; ++y) {
      JSAMPROW row = const_cast<JSAMPROW>(rgb.ptr(y));
      jpeg_write_scanlines(&object, &row, 1);
    }
    jpeg_finish_compress(&object);
  });
  jpeg_destroy_compress(&object);
  if (!done) {
    file.bytes = nullptr;  // may have been freed: libjpeg sets it only at the end
    fail(errors);
  }
}

/// Into `rgb`, which has the picture's size.
void decode(const JpegFile& file, cv::Mat& rgb) {
  JpegErrors errors;
  jpeg_decompress_struct object{};
  object.err = errors.manager();
  object.client_data = &errors;
  const bool done = errors.succeeds([&] {
    jpeg_create_decompress(&object);
    jpeg_mem_src(&object, file.bytes, file.size);
    jpeg_read_header(&object, TRUE);
    jpeg_start_decompress(&object);
    for (int y = 0; y < rgb.rows; ++y) {
      JSAMPROW row = rgb.ptr(y);
      jpeg_read_scanlines(&object, &row, 1);
    }
    jpeg_finish_decompress(&object);
  });
  jpeg_destroy_decompress(&object);
  if (!done) {
    fail(errors);
  }
}

}  // namespace

cv::Mat through_jpeg(const cv::Mat& image, int quality) {
  CV_Assert(quality >= 1 && quality <= 100);
  cv::Mat pixels = to_bytes(image);
  JpegFile file;
  encode(pixels, quality, file);
  decode(file, pixels);
  return to_unit(pixels);
}

}  // namespace samsr
