#include "data/images/image_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <new>
#include <opencv2/imgproc.hpp>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/bmp_codec.h"
#include "data/images/colour_profile.h"
#include "data/images/foreign_file.h"
#include "data/images/image_encoder.h"
#include "data/images/image_walk.h"
#include "data/images/jpeg_codec.h"
#include "data/images/png_codec.h"
#include "data/images/pnm_codec.h"
#include "data/images/tiff_codec.h"
#include "data/images/webp_codec.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

struct Codec {
  const char* format;
  bool (*recognises)(std::string_view file);
  DecodedPicture (*decode)(std::string_view file, const std::string& name, const ImageLimits& limits);
};

constexpr std::array kCodecs{Codec{"JPEG", is_jpeg, decode_jpeg}, Codec{"PNG", is_png, decode_png},
                             Codec{"WebP", is_webp, decode_webp}, Codec{"TIFF", is_tiff, decode_tiff},
                             Codec{"BMP", is_bmp, decode_bmp},    Codec{"PNM", is_pnm, decode_pnm}};

const Codec& codec_of(std::string_view file, const std::string& name) {
  if (file.empty()) {
    throw UserError("{}: the file is empty", name);
  }
  const auto* codec =
      std::find_if(kCodecs.begin(), kCodecs.end(), [&](const Codec& each) { return each.recognises(file); });
  if (codec == kCodecs.end()) {
    throw UserError("{}: {}", name, describe_foreign_file(file));
  }
  return *codec;
}

/// Undoes what EXIF orientation 1 … 8 describes.
cv::Mat upright(const cv::Mat& image, int orientation) {
  cv::Mat out = image;
  if (orientation >= 5) {  // stored with rows and columns exchanged
    cv::transpose(image, out);
  }
  // In the order of the orientations: 1 2 3 4, then the transposed 5 6 7 8.
  const bool mirror_columns = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool mirror_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (mirror_columns || mirror_rows) {
    cv::Mat mirrored;
    cv::flip(out, mirrored, mirror_columns && mirror_rows ? -1 : (mirror_columns ? 1 : 0));
    out = mirrored;
  }
  return out;
}

/// Splits what a codec handed over into colours and alpha, upright.
ImageFile image_of(DecodedPicture picture, const char* format, Bits bits) {
  ImageFile image;
  image.format = format;
  image.bits = picture.pixels.depth() == CV_16U ? 16 : 8;
  image.grey = picture.pixels.channels() <= 2;
  image.turned = picture.orientation != 1;
  image.remarks = std::move(picture.remarks);
  if (sound_profile(picture.profile)) {
    image.profile = std::move(picture.profile);
  } else if (!picture.profile.empty()) {
    image.remarks.emplace_back("damaged colour profile left out");
  }
  cv::Mat pixels = upright(picture.pixels, picture.orientation);
  picture.pixels.release();
  if (image.bits == 16 && bits == Bits::kEight) {
    cv::Mat eight;
    pixels.convertTo(eight, CV_8U, 1.0 / 257.0);
    pixels = eight;
  }
  const int channels = pixels.channels();
  if (channels % 2 == 0) {
    cv::extractChannel(pixels, image.alpha, channels - 1);
  }
  if (channels == 3) {
    image.rgb = pixels;
  } else if (channels == 4) {
    cv::cvtColor(pixels, image.rgb, cv::COLOR_RGBA2RGB);
  } else {
    cv::Mat grey = pixels;
    if (channels == 2) {
      cv::extractChannel(pixels, grey, 0);
    }
    cv::cvtColor(grey, image.rgb, cv::COLOR_GRAY2RGB);
  }
  return image;
}

}  // namespace

std::vector<std::string> ImageFile::converted() const {
  std::vector<std::string> kinds;
  const auto note = [&](bool applies, const char* kind) {
    if (applies) {
      kinds.emplace_back(kind);
    }
  };
  note(grey, "grey");
  note(bits == 16, "16-bit");
  note(std::any_of(remarks.begin(), remarks.end(), [](const std::string& each) { return each.starts_with("CMYK"); }),
       "CMYK");
  note(!alpha.empty(), "alpha");
  return kinds;
}

std::string read_picture_file(const fs::path& path, const ImageLimits& limits) {
  std::error_code no_file;
  const std::uint64_t bytes = fs::file_size(path, no_file);
  if (!no_file) {
    check_file_size(path.string(), bytes, limits);
  }
  return read_file(path);
}

ImageFile read_image(const fs::path& path, Bits bits, const ImageLimits& limits) {
  return decode_image(read_picture_file(path, limits), path.string(), bits, limits);
}

ImageFile decode_image(std::string_view file, const std::string& name, Bits bits, const ImageLimits& limits) {
  const Codec& codec = codec_of(file, name);
  try {
    return image_of(codec.decode(file, name, limits), codec.format, bits);
  } catch (const std::bad_alloc&) {
    throw UserError("{}: there is no memory for the picture; free some, or make it smaller", name);
  } catch (const cv::Exception& error) {
    if (error.code != cv::Error::StsNoMem) {
      throw;
    }
    throw UserError("{}: there is no memory for the picture; free some, or make it smaller", name);
  }
}

std::string encode_png(const cv::Mat& rgb) { return encode_image({.rgb = rgb}, ImageFormat::kPng).bytes; }

void write_png(const fs::path& path, const cv::Mat& rgb, const cv::Mat& alpha) {
  write_file_atomically(path, encode_image({.rgb = rgb, .alpha = alpha}, ImageFormat::kPng).bytes);
}

std::vector<fs::path> list_images(const fs::path& folder) {
  std::vector<fs::path> found;
  walk_images(folder, [&](const std::string& path) { found.push_back(folder / path); });
  return found;
}

at::Tensor to_tensor(const cv::Mat& rgb) {
  CV_Assert(rgb.type() == CV_8UC3);
  at::Tensor out = at::empty({1, 3, rgb.rows, rgb.cols}, at::kByte);
  std::array<cv::Mat, 3> planes;
  for (int c = 0; c < 3; ++c) {
    planes[static_cast<std::size_t>(c)] =
        cv::Mat(rgb.rows, rgb.cols, CV_8UC1, out.select(1, c).data_ptr<std::uint8_t>());
  }
  cv::split(rgb, planes.data());
  return out;
}

cv::Mat to_mat(const at::Tensor& image) {
  const bool batched = image.dim() == 4 && image.size(0) == 1 && image.size(1) == 3;
  TORCH_CHECK((batched || (image.dim() == 3 && image.size(0) == 3)) && image.scalar_type() == at::kByte,
              "to_mat: image is ", image.sizes(), " ", image.scalar_type(), ", expected (1,3,H,W) or (3,H,W) uint8");
  const at::Tensor planar = (batched ? image[0] : image).cpu().contiguous();
  std::array<cv::Mat, 3> planes;
  for (int c = 0; c < 3; ++c) {
    planes[static_cast<std::size_t>(c)] = cv::Mat(static_cast<int>(planar.size(1)), static_cast<int>(planar.size(2)),
                                                  CV_8UC1, planar[c].data_ptr<std::uint8_t>());
  }
  cv::Mat rgb;
  cv::merge(planes.data(), 3, rgb);
  return rgb;
}

}  // namespace samsr
