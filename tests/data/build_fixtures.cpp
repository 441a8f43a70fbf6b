#include "data/build_fixtures.h"

#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/rng.h"
#include "data/image_file.h"

namespace samsr::testing {
namespace fs = std::filesystem;

void write_photographs(const fs::path& folder, int count) {
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
    write_png(folder / ("photo" + std::to_string(i) + ".png"), image);
  }
}

BuildSettings small_build(const fs::path& images, const fs::path& out) {
  BuildSettings settings;
  settings.data.images = images.string();
  settings.data.out = out.string();
  settings.data.samples = 11;
  settings.data.seed = 5;
  settings.data.gt_size = 64;
  settings.data.crop_pad_size = 80;
  settings.data.min_size = 64;
  settings.data.samples_per_shard = 3;
  settings.first_stage.type = "space_to_depth";
  return settings;
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    out[entry.path().filename().string()] = read_file(entry.path());
  }
  return out;
}

}  // namespace samsr::testing
