#include "support/photographs.h"

#include <fmt/format.h>

#include <opencv2/imgproc.hpp>

#include "core/rng.h"
#include "data/images/image_file.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace samsr::testing {
namespace fs = std::filesystem;

std::vector<fs::path> write_golden_photographs(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<fs::path> written;
  for (const char* name : {"niqe", "psnr_ssim"}) {
    for (const fs::path& file : golden_files(name)) {
      const torch::Tensor images = Golden(file).read("in/reference");  // (N,H,W,3) RGB
      for (std::int64_t i = 0; i < images.size(0); ++i) {
        written.push_back(folder / fmt::format("{}{}.png", file.stem().string(), i));
        write_png(written.back(), picture_of(images[i]));
      }
    }
  }
  return written;
}

void write_drawn_photographs(const fs::path& folder, int count) {
  fs::create_directories(folder);
  for (int i = 0; i < count; ++i) {
    Rng rng(7, "test photograph", {static_cast<std::uint64_t>(i)});
    cv::Mat image(96 + 8 * i, 120 + 4 * i, CV_8UC3);
    for (int y = 0; y < image.rows; ++y) {
      for (int x = 0; x < image.cols; ++x) {
        image.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>(x + 20 * i), static_cast<uchar>(2 * y),
                                              static_cast<uchar>(60 + rng.below(12)));
      }
    }
    cv::circle(image, cv::Point(50, 50), 20 + i, cv::Scalar(220, 40, 30), cv::FILLED);
    cv::rectangle(image, cv::Rect(10, 60, 40, 25), cv::Scalar(20, 200, 240), cv::FILLED);
    write_png(folder / fmt::format("photo{}.png", i), image);
  }
}

}  // namespace samsr::testing
