#include "data/images/jpeg_writer.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "core/jpeg_errors.h"

// Needs jpeglib.h before it.
#include <jerror.h>

namespace samsr {
namespace {

/// Passes what libjpeg writes on to PendingBytes.
struct JpegDestination {
  jpeg_destination_mgr manager{};  ///< first: libjpeg's pointer to it is one to the whole
  std::array<JOCTET, std::size_t{1} << 15> buffer{};
  PendingBytes pending;

  JpegDestination() {
    manager.init_destination = [](j_compress_ptr object) { of(object).restart(); };
    manager.empty_output_buffer = [](j_compress_ptr object) -> boolean {
      of(object).take(object, of(object).buffer.size());
      return TRUE;
    };
    manager.term_destination = [](j_compress_ptr object) {
      of(object).take(object, of(object).buffer.size() - of(object).manager.free_in_buffer);
    };
  }
  static JpegDestination& of(j_compress_ptr object) { return *reinterpret_cast<JpegDestination*>(object->dest); }
  void restart() {
    manager.next_output_byte = buffer.data();
    manager.free_in_buffer = buffer.size();
  }
  void take(j_compress_ptr object, std::size_t count) {
    if (!pending.append(buffer.data(), count)) {
      ERREXIT1(object, JERR_OUT_OF_MEMORY, 0);
    }
    restart();
  }
};

class JpegWriter : public ImageWriter {
 public:
  JpegWriter(std::unique_ptr<ByteSink> sink, const PictureLayout& layout, const std::string& profile, int quality)
      : sink_(std::move(sink)), type_(CV_MAKETYPE(CV_8U, layout.channels)) {
    object_.err = errors_.manager();
    object_.client_data = &errors_;
    const bool begun = errors_.succeeds([&] {
      jpeg_create_compress(&object_);
      object_.dest = &destination_.manager;
      object_.image_width = static_cast<JDIMENSION>(layout.width);
      object_.image_height = static_cast<JDIMENSION>(layout.height);
      object_.input_components = layout.channels;
      object_.in_color_space = layout.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
      jpeg_set_defaults(&object_);
      jpeg_set_quality(&object_, quality, TRUE);
      jpeg_start_compress(&object_, TRUE);
      if (!profile.empty()) {
        jpeg_write_icc_profile(&object_, reinterpret_cast<const JOCTET*>(profile.data()),
                               static_cast<unsigned>(profile.size()));
      }
    });
    if (!begun) {
      jpeg_destroy_compress(&object_);
      fail();
    }
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
  ~JpegWriter() override { jpeg_destroy_compress(&object_); }

  void write(const cv::Mat& rows) override {
    CV_Assert(rows.type() == type_);
    for (int y = 0; y < rows.rows; ++y) {
      JSAMPROW row = const_cast<JSAMPROW>(rows.ptr(y));
      check(errors_.succeeds([&] { jpeg_write_scanlines(&object_, &row, 1); }));
      destination_.pending.flush(*sink_, destination_.buffer.size());
    }
  }

  void finish() override {
    check(errors_.succeeds([&] { jpeg_finish_compress(&object_); }));
    destination_.pending.flush(*sink_);
    sink_->finish();
  }

 private:
  void check(bool succeeded) const {
    if (!succeeded) {
      fail();
    }
  }
  [[noreturn]] void fail() const { throw std::runtime_error(std::string("libjpeg: ") + errors_.error()); }

  std::unique_ptr<ByteSink> sink_;
  const int type_;
  JpegErrors errors_;
  JpegDestination destination_;
  jpeg_compress_struct object_{};
};

}  // namespace

std::unique_ptr<ImageWriter> make_jpeg_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                              const std::string& profile, int quality) {
  return std::make_unique<JpegWriter>(std::move(sink), layout, profile, quality);
}

}  // namespace samsr
