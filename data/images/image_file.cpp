#include "data/images/image_file.h"

#include <ATen/ATen.h>

#include <array>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_container.h"
#include "data/images/image_encoder.h"
#include "data/images/image_walk.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

void note(std::string& converted, const char* what) {
  converted += (converted.empty() ? "" : ", ") + std::string(what);
}

cv::Mat decode(const std::string& name, const std::string& file, const ImageContainer& container) {
  if (file.empty()) {
    throw UserError("{}: the file is empty", name);
  }
  // Decoders fill the missing part of a torn file with grey, or print lines of their own.
  if (!container.complete) {
    throw UserError("{}: the {} file ends early (truncated?)", name, container.format);
  }
  cv::Mat decoded;
  try {
    const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8UC1, const_cast<char*>(file.data()));
    decoded = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    throw UserError("{}: cannot be decoded: {}", name, error.err);
  }
  if (decoded.empty()) {
    throw UserError(
        "{}: {}", name,
        container.format.empty() ? "not an image of a known format" : fmt::format("damaged {} file", container.format));
  }
  return decoded;
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

}  // namespace

ImageFile read_image(const fs::path& path, Bits bits) { return decode_image(read_file(path), path.string(), bits); }

ImageFile decode_image(const std::string& file, const std::string& name, Bits bits) {
  ImageContainer container = read_container(file);
  cv::Mat decoded = decode(name, file, container);
  ImageFile image;
  image.grey = decoded.channels() == 1;
  if (decoded.channels() <= 2) {
    note(image.converted, "grey");
  }
  if (decoded.depth() == CV_16U && bits == Bits::kEight) {
    note(image.converted, "16-bit");
    decoded.convertTo(decoded, CV_8U, 1.0 / 257.0);
  } else if (decoded.depth() != CV_8U && decoded.depth() != CV_16U) {
    throw UserError("{}: has pixels of {}; convert it to 8 or 16 bits", name, cv::typeToString(decoded.depth()));
  }
  if (container.cmyk) {
    note(image.converted, "CMYK");
  } else {
    image.profile = std::move(container.profile);
  }
  decoded = upright(decoded, container.orientation);
  switch (decoded.channels()) {
    case 1:
      cv::cvtColor(decoded, image.rgb, cv::COLOR_GRAY2RGB);
      break;
    case 3:
      cv::cvtColor(decoded, image.rgb, cv::COLOR_BGR2RGB);
      break;
    case 4:
      note(image.converted, "alpha");
      cv::cvtColor(decoded, image.rgb, cv::COLOR_BGRA2RGB);
      cv::extractChannel(decoded, image.alpha, 3);
      break;
    default:
      throw UserError("{}: has {} channels; convert it to RGB", name, decoded.channels());
  }
  return image;
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
