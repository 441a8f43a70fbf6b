#include "data/images/png_codec.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <vector>

#include "core/error.h"
#include "data/images/exif.h"
#include "data/images/png_calls.h"

namespace samsr {
namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);
/// Above the largest profiles in use; what claims more is no profile.
constexpr std::size_t kLargestProfile = std::size_t{16} << 20;
/// Chunks that libpng hands over as they are: it refuses profiles that others accept, and knows no animation.
constexpr png_byte kHandedOver[] = "iCCP\0acTL";
/// Chunks that say nothing about pixels. libpng would keep them all, the packed ones unpacked: a thousandfold.
constexpr png_byte kPassedOver[] = "tEXt\0zTXt\0iTXt\0sPLT\0hIST\0pCAL\0sCAL\0tIME";

/// The profile of an iCCP chunk: a name, a zero, the method (0: zlib), the packed profile; empty when it is damaged.
std::string unpack_profile(std::string_view chunk) {
  const std::size_t name_end = chunk.find('\0');
  if (name_end == std::string_view::npos || name_end + 2 > chunk.size() || chunk[name_end + 1] != 0) {
    return {};
  }
  const std::string_view packed = chunk.substr(name_end + 2);
  for (std::size_t room = std::size_t{1} << 14; room <= kLargestProfile; room *= 4) {
    std::string profile(room, '\0');
    uLongf size = room;
    const int result = ::uncompress(reinterpret_cast<Bytef*>(profile.data()), &size,
                                    reinterpret_cast<const Bytef*>(packed.data()), packed.size());
    if (result == Z_OK) {
      profile.resize(size);
      return profile;
    }
    if (result != Z_BUF_ERROR) {
      break;
    }
  }
  return {};
}

class PngDecoder {
 public:
  PngDecoder(std::string_view file, const std::string& name) : file_(file), name_(name) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &messages_, PngMessages::on_error, PngMessages::on_warning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

  DecodedPicture decode(const ImageLimits& limits) {
    find_end_of_chunks();
    check(png_succeeds(png_, [&] {
      png_set_read_fn(png_, this, on_read);
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
      png_set_chunk_malloc_max(png_, 2 * kLargestProfile);
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_ALWAYS, kHandedOver, 2);
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kPassedOver, 8);
      png_read_info(png_, info_);
    }));
    check_limits(name_, layout(), bytes_a_pixel(), limits);
    DecodedPicture picture;
    picture.pixels = read_pixels();
    read_end();
    check_chunks();
    read_chunks(picture);
    return picture;
  }

 private:
  PictureLayout layout() const {
    return {.width = png_get_image_width(png_, info_), .height = png_get_image_height(png_, info_)};
  }
  double bytes_a_pixel() const {
    // Four channels as they are read, and once more for turning the picture upright.
    return 2.0 * 4 * (png_get_bit_depth(png_, info_) == 16 ? 2 : 1);
  }

  cv::Mat read_pixels() {
    const bool palette = png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE;
    check(png_succeeds(png_, [&] {
      if (palette) {
        png_set_packing(png_);
      } else {
        png_set_expand(png_);
      }
      png_set_swap(png_);  // PNG is big-endian; without effect on 8 bits
      png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    }));
    const int depth = png_get_bit_depth(png_, info_) == 16 ? CV_16U : CV_8U;
    cv::Mat pixels(static_cast<int>(layout().height), static_cast<int>(layout().width),
                   CV_MAKETYPE(depth, png_get_channels(png_, info_)));
    std::vector<png_bytep> rows;
    for (int y = 0; y < pixels.rows; ++y) {
      rows.push_back(pixels.ptr(y));
    }
    check(png_succeeds(png_, [&] { png_read_image(png_, rows.data()); }));
    return palette ? looked_up(pixels) : pixels;
  }

  /// Colours of a palette's indices; libpng's own expansion makes those beyond the palette black, without a word.
  cv::Mat looked_up(const cv::Mat& indices) const {
    png_colorp colours = nullptr;
    int count = 0;
    png_bytep alpha = nullptr;
    int alphas = 0;
    png_get_PLTE(png_, info_, &colours, &count);
    png_get_tRNS(png_, info_, &alpha, &alphas, nullptr);
    const int channels = alphas > 0 ? 4 : 3;
    std::array<std::array<uchar, 4>, 256> table{};
    for (int i = 0; i < count; ++i) {
      table[static_cast<std::size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue,
                                            i < alphas ? alpha[i] : uchar{255}};
    }
    cv::Mat pixels(indices.size(), CV_8UC(channels));
    for (int y = 0; y < indices.rows; ++y) {
      const uchar* from = indices.ptr(y);
      uchar* to = pixels.ptr(y);
      for (int x = 0; x < indices.cols; ++x, to += channels) {
        if (from[x] >= count) {
          throw UserError("{}: damaged PNG file: a pixel has colour {} of a palette of {}", name_, from[x], count);
        }
        std::memcpy(to, table[from[x]].data(), static_cast<std::size_t>(channels));
      }
    }
    return pixels;
  }

  /// libpng takes the memory that a chunk promises before it reads it, so none may promise more than there is.
  void find_end_of_chunks() {
    bool last = false;
    for (end_of_chunks_ = std::min(kPngSignature.size(), file_.size()); !last && file_.size() - end_of_chunks_ >= 12;) {
      const std::size_t length = png_get_uint_32(reinterpret_cast<png_const_bytep>(file_.data()) + end_of_chunks_);
      if (length > file_.size() - end_of_chunks_ - 12) {
        ended_ = true;
        fail();
      }
      last = file_.substr(end_of_chunks_ + 4, 4) == "IEND";
      end_of_chunks_ += 12 + length;
    }
  }

  /// What follows the pixels. A file that lacks no more than its end marker has lost nothing.
  void read_end() {
    constexpr std::string_view kEnd("\0\0\0\0IEND\xAE\x42\x60\x82", 12);
    if (!png_succeeds(png_, [&] { png_read_end(png_, info_); }) &&
        !(ended_ && kEnd.starts_with(file_.substr(end_of_chunks_)))) {
      fail();
    }
  }

  /// A damaged chunk without pixels is passed over, unless the picture depends on it.
  void check_chunks() const {
    for (const std::string& each : messages_.warnings()) {
      if (each.starts_with("tRNS") || each.starts_with("eXIf")) {
        throw UserError("{}: damaged PNG file: {}", name_, each);
      }
    }
  }

  void read_chunks(DecodedPicture& picture) {
    png_bytep exif = nullptr;
    png_uint_32 exif_size = 0;
    if (png_get_eXIf_1(png_, info_, &exif_size, &exif) != 0) {
      picture.orientation = exif_orientation({reinterpret_cast<const char*>(exif), exif_size});
    }
    const bool warned = std::any_of(messages_.warnings().begin(), messages_.warnings().end(),
                                    [](const std::string& each) { return each.starts_with("iCCP"); });
    png_unknown_chunkp chunks = nullptr;
    const int count = png_get_unknown_chunks(png_, info_, &chunks);
    bool seen_profile = false;
    for (int i = 0; i < count; ++i) {
      const std::string_view type(reinterpret_cast<const char*>(chunks[i].name), 4);
      const std::string_view bytes(reinterpret_cast<const char*>(chunks[i].data), chunks[i].size);
      if (type == "iCCP" && !seen_profile) {  // a file has one; a thousand would take long
        seen_profile = true;
        picture.profile = unpack_profile(bytes);
      } else if (type == "acTL" && bytes.size() >= 4 && png_get_uint_32(chunks[i].data) > 1) {
        picture.remarks.push_back(fmt::format("first of {} frames", png_get_uint_32(chunks[i].data)));
      }
    }
    if ((warned || seen_profile) && picture.profile.empty()) {
      picture.remarks.emplace_back("damaged colour profile left out");
    }
  }

  static void on_read(png_structp png, png_bytep bytes, std::size_t count) {
    auto* decoder = static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (count > decoder->file_.size() - decoder->at_) {
      decoder->ended_ = true;
      png_error(png, "the file ends early");
    }
    std::memcpy(bytes, decoder->file_.data() + decoder->at_, count);
    decoder->at_ += count;
  }
  void check(bool succeeded) const {
    if (!succeeded) {
      fail();
    }
  }
  [[noreturn]] void fail() const {
    if (ended_) {
      throw UserError("{}: the PNG file ends early (truncated?)", name_);
    }
    throw UserError("{}: damaged PNG file: {}", name_, messages_.error());
  }

  const std::string_view file_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::size_t end_of_chunks_ = 0;  ///< where the first one begins that is not there as a whole
  bool ended_ = false;             ///< more bytes were asked for than there are
  PngMessages messages_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

bool is_png(std::string_view file) { return file.starts_with(kPngSignature.substr(0, 4)); }

DecodedPicture decode_png(std::string_view file, const std::string& name, const ImageLimits& limits) {
  if (!file.starts_with(kPngSignature) && !kPngSignature.starts_with(file)) {
    throw UserError("{}: damaged PNG file: its line ends were changed, as a transfer in text mode does; copy it again",
                    name);
  }
  return PngDecoder(file, name).decode(limits);
}

}  // namespace samsr
