#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

#include "support/files.h"

namespace samsr::testing {

/// Writes CV_8UC1 as PGM, CV_8UC3 as PPM.
inline void write_pnm(const std::filesystem::path& path, const cv::Mat& picture) {
  std::string file = picture.channels() == 1 ? "P5" : "P6";
  file += ' ' + std::to_string(picture.cols) + ' ' + std::to_string(picture.rows) + " 255\n";
  for (int y = 0; y < picture.rows; ++y) {
    file.append(picture.ptr<char>(y), static_cast<std::size_t>(picture.cols) * picture.elemSize());
  }
  write_text(path, file);
}

}  // namespace samsr::testing
