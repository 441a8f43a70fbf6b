#include "data/damaged_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/error.h"

namespace samsr::testing {

bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

std::vector<int> pixel_values(const cv::Mat& pixels) {
  cv::Mat wide;
  pixels.reshape(1).convertTo(wide, CV_32S);
  return {wide.begin<int>(), wide.end<int>()};
}

int expect_cuts_are_seen(const std::string& file, const Decode& decode, std::size_t most) {
  const DecodedPicture whole = decode(file, "whole", {});
  const std::size_t step = std::max<std::size_t>(1, file.size() / most);
  int errors = 0;
  for (std::size_t kept = 3; kept < file.size(); kept += step) {
    // A copy of its own, so that a sanitizer sees what is read behind its end.
    const std::string cut = file.substr(0, kept);
    try {
      EXPECT_TRUE(same_pixels(decode(cut, "cut", {}).pixels, whole.pixels))
          << "other pixels from " << kept << " of " << file.size() << " bytes";
    } catch (const UserError& error) {
      ++errors;
      EXPECT_TRUE(std::string_view(error.what()).starts_with("cut: ")) << error.what();
    }
  }
  return errors;
}

void expect_changes_are_survived(const std::string& file, const Decode& decode, int rounds) {
  const ImageLimits limits{.megapixels = 1, .memory_mb = 16};
  std::mt19937 random(20);
  for (int round = 0; round < rounds; ++round) {
    std::string changed = file;
    for (std::uint32_t change = random() % 4 + 1; change > 0; --change) {
      // Headers decide more than pixels do.
      const std::size_t reach = random() % 2 == 0 ? std::min<std::size_t>(changed.size(), 200) : changed.size();
      changed[random() % reach] = static_cast<char>(random() % 3 == 0 ? 255 : random());
    }
    try {
      const DecodedPicture picture = decode(changed, "changed", limits);
      EXPECT_LE(picture.pixels.total(), 1000000U);
      EXPECT_FALSE(picture.pixels.empty());
    } catch (const UserError& error) {
      EXPECT_TRUE(std::string_view(error.what()).starts_with("changed: ")) << error.what();
    }
  }
}

}  // namespace samsr::testing
