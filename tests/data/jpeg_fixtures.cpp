#include "data/jpeg_fixtures.h"

#include <array>
#include <cstdlib>

namespace samsr::testing {

std::string jpeg_of(const cv::Mat& pixels, const std::function<void(jpeg_compress_struct&)>& change) {
  JpegErrors errors;
  jpeg_compress_struct object{};
  object.err = errors.manager();
  object.client_data = &errors;
  jpeg_create_compress(&object);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&object, &bytes, &size);
  object.image_width = static_cast<JDIMENSION>(pixels.cols);
  object.image_height = static_cast<JDIMENSION>(pixels.rows);
  object.input_components = pixels.channels();
  object.in_color_space = pixels.channels() == 1 ? JCS_GRAYSCALE : pixels.channels() == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&object);
  jpeg_set_quality(&object, 90, TRUE);
  if (change) {
    change(object);
  }
  jpeg_start_compress(&object, TRUE);
  for (int y = 0; y < pixels.rows; ++y) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.ptr(y));
    jpeg_write_scanlines(&object, &row, 1);
  }
  jpeg_finish_compress(&object);
  jpeg_destroy_compress(&object);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

void write_scans_apart(jpeg_compress_struct& object) {
  static std::array<jpeg_scan_info, 4> scans{};
  for (int i = 0; i < object.num_components; ++i) {
    scans[static_cast<std::size_t>(i)] = {
        .comps_in_scan = 1, .component_index = {i}, .Ss = 0, .Se = 63, .Ah = 0, .Al = 0};
  }
  object.scan_info = scans.data();
  object.num_scans = object.num_components;
}

}  // namespace samsr::testing
