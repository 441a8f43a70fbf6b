#include "data/images/jpeg_codec.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <new>

#include "core/error.h"
#include "core/jpeg_errors.h"
#include "data/images/exif.h"

// Needs jpeglib.h before it.
#include <jerror.h>

namespace samsr {
namespace {

/// A file of more scans is made to keep a decoder busy; encoders write about ten.
constexpr int kMostScans = 500;
/// The marker SOF55, which libjpeg does not know.
constexpr int kFrameOfJpegLs = 0xF7;

class JpegDecoder {
 public:
  JpegDecoder(std::string_view file, const std::string& name) : file_(file), name_(name) {
    object_.err = errors_.manager();
    object_.client_data = &errors_;
  }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;
  ~JpegDecoder() { jpeg_destroy_decompress(&object_); }

  DecodedPicture decode(const ImageLimits& limits) {
    read_header();
    const bool several_scans = jpeg_has_multiple_scans(&object_) != 0;
    const bool inks = object_.num_components == 4;
    const int channels = object_.num_components == 1 ? 1 : 3;
    // Between scans every coefficient is kept, in two bytes; turning a picture upright takes a second one.
    const double coefficients = several_scans ? 2.0 * object_.num_components : 0;
    check_limits(name_, {.width = object_.image_width, .height = object_.image_height, .channels = channels},
                 2.0 * channels + coefficients, limits);
    object_.out_color_space = inks ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    DecodedPicture picture;
    read_markers(picture, inks);
    if (several_scans) {
      read_scans();
    }
    picture.pixels = read_pixels(channels, inks, several_scans);
    if (inks) {
      picture.remarks.emplace_back("CMYK became RGB without its colour profile");
    }
    return picture;
  }

 private:
  void read_header() {
    const bool read = errors_.succeeds([&] {
      jpeg_create_decompress(&object_);
      jpeg_mem_src(&object_, reinterpret_cast<const unsigned char*>(file_.data()), file_.size());
      constexpr unsigned kWhole = 0xFFFF;
      jpeg_save_markers(&object_, JPEG_APP0 + 1, kWhole);
      jpeg_save_markers(&object_, JPEG_APP0 + 2, kWhole);
      jpeg_read_header(&object_, TRUE);
    });
    if (!read) {
      fail();
    }
    if (object_.data_precision != 8) {
      refuse_precision();
    }
    // Its decoder does not say when the data end early.
    if (object_.arith_code != 0) {
      throw UserError("{}: is a JPEG with arithmetic coding, which samsr does not read; convert it to PNG", name_);
    }
    if (object_.num_components == 2 || object_.num_components > 4) {
      throw UserError("{}: is a JPEG of {} channels; convert it to RGB", name_, object_.num_components);
    }
  }

  void read_markers(DecodedPicture& picture, bool inks) {
    for (jpeg_saved_marker_ptr each = object_.marker_list; each != nullptr; each = each->next) {
      const std::string_view bytes(reinterpret_cast<const char*>(each->data), each->data_length);
      if (each->marker == JPEG_APP0 + 1 && bytes.starts_with("Exif")) {
        picture.orientation = exif_orientation(bytes);
        break;
      }
    }
    JOCTET* profile = nullptr;
    unsigned size = 0;
    boolean found = FALSE;
    const bool read = errors_.succeeds([&] { found = jpeg_read_icc_profile(&object_, &profile, &size); });
    const std::unique_ptr<JOCTET, void (*)(void*)> owned(profile, std::free);
    if (!read) {
      fail();
    }
    if (found != 0 && !inks) {
      picture.profile.assign(reinterpret_cast<const char*>(profile), size);
    } else if (errors_.warned(JWRN_BOGUS_ICC)) {
      picture.remarks.emplace_back("damaged colour profile left out");
    }
  }

  /// All scans of a file that has several, and whether they make a whole picture. A progressive file that leaves out
  /// coefficients on purpose looks like one cut between two scans, and is refused as that.
  void read_scans() {
    object_.buffered_image = TRUE;
    std::array<bool, MAX_COMPONENTS> seen{};
    bool too_many = false;
    const bool read = errors_.succeeds([&] {
      jpeg_start_decompress(&object_);
      do {
        for (int i = 0; i < object_.comps_in_scan; ++i) {
          seen[static_cast<std::size_t>(object_.cur_comp_info[i]->component_index)] = true;
        }
        too_many = object_.input_scan_number > kMostScans;
        int state = JPEG_SUSPENDED;
        do {
          state = jpeg_consume_input(&object_);
        } while (state != JPEG_REACHED_SOS && state != JPEG_REACHED_EOI);
      } while (jpeg_input_complete(&object_) == 0 && !too_many);
    });
    if (!read) {
      fail();
    }
    if (too_many) {
      throw UserError("{}: is a JPEG of more than {} scans; convert it to PNG", name_, kMostScans);
    }
    check_damage();
    for (int c = 0; c < object_.num_components; ++c) {
      bool whole = seen[static_cast<std::size_t>(c)];
      for (int i = 0; i < DCTSIZE2 && object_.progressive_mode != 0; ++i) {
        whole = whole && object_.coef_bits[c][i] == 0;
      }
      if (!whole) {
        throw UserError("{}: the JPEG file ends early (truncated?): scans of it are missing", name_);
      }
    }
  }

  cv::Mat read_pixels(int channels, bool inks, bool several_scans) {
    cv::Mat pixels(static_cast<int>(object_.image_height), static_cast<int>(object_.image_width), CV_8UC(channels));
    cv::Mat row_of_inks(1, inks ? pixels.cols : 1, CV_8UC4);
    const bool read = errors_.succeeds([&] {
      if (several_scans) {
        jpeg_start_output(&object_, object_.input_scan_number);
      } else {
        jpeg_start_decompress(&object_);
      }
      for (int y = 0; y < pixels.rows; ++y) {
        JSAMPROW row = inks ? row_of_inks.data : pixels.ptr(y);
        jpeg_read_scanlines(&object_, &row, 1);
        if (inks) {
          rgb_of_inks(row, pixels.ptr(y), pixels.cols, object_.saw_Adobe_marker != 0);
        }
      }
    });
    if (!read) {
      fail();
    }
    check_damage();
    return pixels;
  }

  /// Adobe's files hold how much of an ink is missing; others, how much there is.
  static void rgb_of_inks(const JSAMPLE* cmyk, unsigned char* rgb, int width, bool missing) {
    const int flip = missing ? 0 : 255;
    for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
      const int key = cmyk[3] ^ flip;
      for (int c = 0; c < 3; ++c) {
        rgb[c] = static_cast<unsigned char>(key - ((255 - (cmyk[c] ^ flip)) * key >> 8));
      }
    }
  }

  void check_damage() const {
    if (*errors_.damage() != '\0') {
      fail_as(errors_.damage());
    }
  }
  [[noreturn]] void refuse_precision() const {
    throw UserError("{}: is a JPEG of {} bits a colour, which samsr does not read; convert it to PNG", name_,
                    object_.data_precision);
  }
  [[noreturn]] void fail() const {
    switch (errors_.error_code()) {
      case JERR_BAD_PRECISION:
        refuse_precision();
      case JERR_SOF_UNSUPPORTED:
        throw UserError("{}: is a lossless or hierarchical JPEG, which samsr does not read; convert it to PNG", name_);
      case JERR_UNKNOWN_MARKER:
        if (object_.unread_marker == kFrameOfJpegLs) {
          throw UserError("{}: is a JPEG-LS, which samsr does not read; convert it to PNG", name_);
        }
        fail_as(errors_.error());
      case JERR_OUT_OF_MEMORY:
        throw std::bad_alloc();
      default:
        fail_as(errors_.error());
    }
  }
  [[noreturn]] void fail_as(const char* words) const {
    if (errors_.warned(JWRN_JPEG_EOF)) {
      throw UserError("{}: the JPEG file ends early (truncated?)", name_);
    }
    throw UserError("{}: damaged JPEG file: {}", name_, words);
  }

  const std::string_view file_;
  const std::string& name_;
  JpegErrors errors_;
  jpeg_decompress_struct object_{};
};

}  // namespace

bool is_jpeg(std::string_view file) { return file.starts_with("\xFF\xD8"); }

DecodedPicture decode_jpeg(std::string_view file, const std::string& name, const ImageLimits& limits) {
  return JpegDecoder(file, name).decode(limits);
}

}  // namespace samsr
