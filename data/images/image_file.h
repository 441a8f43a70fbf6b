#pragma once
// Photographs on disk and in memory. Everywhere in samsr an image is RGB.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "data/images/codec.h"

namespace samsr {

/// A decoded photograph, upright.
struct ImageFile {
  cv::Mat rgb{};            ///< CV_8UC3 (H, W), RGB order, 0 … 255; CV_16UC3, 0 … 65535, where 16 bits were kept
  cv::Mat alpha{};          ///< one channel (H, W) of the same depth, straight; or empty
  bool grey = false;        ///< the file has no colours; rgb has three equal channels
  std::string profile{};    ///< the file's ICC profile, which says what its numbers mean; empty when it has none
  const char* format = "";  ///< "JPEG", "PNG", "WebP", "TIFF", "BMP", "PNM"
  int bits = 8;             ///< of a channel in the file: 8 (or fewer) or 16
  bool turned = false;      ///< by the orientation that the file gives
  std::vector<std::string> remarks{};  ///< what was left out or dropped: "first of 12 frames", "CMYK became RGB
                                       ///< without its colour profile"

  /// What had to be converted: of "grey", "16-bit", "CMYK", "alpha", those that apply, in this order.
  std::vector<std::string> converted() const;
};

enum class Bits {
  kEight,  ///< 16 bits become 8, rounded
  kKept,
};

/// Content of a picture's file, for decode_image(). UserError when it cannot be read, or is larger than `limits` let a
/// picture be.
std::string read_picture_file(const std::filesystem::path& path, const ImageLimits& limits = {});

/// Reads JPEG, PNG, WebP, TIFF, BMP or PNM, told by the content. Grey becomes three equal channels, CMYK becomes RGB
/// (and loses its profile), alpha is split off, and the orientation is applied. UserError naming the file and why: it
/// cannot be opened, is empty, ends early, is no such image, passes `limits`, finds no memory.
ImageFile read_image(const std::filesystem::path& path, Bits bits = Bits::kEight, const ImageLimits& limits = {});

/// The same from a file's content; `name` stands for it in messages.
ImageFile decode_image(std::string_view file, const std::string& name, Bits bits = Bits::kEight,
                       const ImageLimits& limits = {});

/// Writes CV_8UC3 RGB, with CV_8UC1 alpha of the same size when given, as PNG; the file is complete or absent.
void write_png(const std::filesystem::path& path, const cv::Mat& rgb, const cv::Mat& alpha = {});

/// CV_8UC3 RGB as the bytes of a PNG file.
std::string encode_png(const cv::Mat& rgb);

/// Files below `folder` (subfolders included) with an image's extension, sorted by path; hidden ones are left
/// out. UserError when the folder is missing, is none, or cannot be read.
std::vector<std::filesystem::path> list_images(const std::filesystem::path& folder);

/// CV_8UC3 RGB to (1,3,H,W) uint8, contiguous, a copy.
at::Tensor to_tensor(const cv::Mat& rgb);

/// (1,3,H,W) or (3,H,W) uint8 to CV_8UC3 RGB, a copy.
cv::Mat to_mat(const at::Tensor& image);

}  // namespace samsr
