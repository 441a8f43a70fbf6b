#include <gtest/gtest.h>

#include "eval/metrics/choose_metrics.h"
#include "eval/metrics/niqe/niqe_pristine.h"
#include "eval/metrics/plane.h"
#include "support/golden.h"

namespace samsr {
namespace {

using testing::Golden;

/// (N,H,W,3) as the files store images, to (N,3,H,W).
at::Tensor channels_first(const at::Tensor& images) { return images.permute({0, 3, 1, 2}).contiguous(); }

class PsnrSsimGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(PsnrSsimGolden, testing::golden_files("psnr_ssim"));

TEST_P(PsnrSsimGolden, ScoresMatch) {
  const Golden golden(GetParam());
  const YAML::Node config = golden.config();
  ASSERT_TRUE(config["test_y_channel"].as<bool>());
  ASSERT_EQ(config["color_space"].as<std::string>(), "ycbcr");
  const at::Tensor pred = channels_first(golden.read("in/distorted"));
  const at::Tensor ref = channels_first(golden.read("in/reference"));
  for (const char* name : {"psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb"}) {
    golden.expect_close(make_metric(name)->score(pred, ref), std::string("out/") + name);
  }
}

class NiqeGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(NiqeGolden, testing::golden_files("niqe"));

TEST_P(NiqeGolden, ScoresMatch) {
  const Golden golden(GetParam());
  const YAML::Node config = golden.config();
  ASSERT_EQ(config["convert_to"].as<std::string>(), "y");
  ASSERT_EQ(config["block"].as<int>(), 96);
  const auto niqe = make_metric("niqe", {.crop_border = config["crop_border"].as<std::int64_t>()});
  for (const std::string image : {"distorted", "reference"}) {
    golden.expect_close(niqe->score(channels_first(golden.read("in/" + image))), "out/niqe_" + image);
  }
}

TEST_P(NiqeGolden, PristineModelIsTheFiles) {
  const Golden golden(GetParam());
  const at::Tensor mean = golden.read("in/mu_pris_param").flatten();
  const at::Tensor covariance = golden.read("in/cov_pris_param").flatten();
  ASSERT_EQ(mean.numel(), static_cast<std::int64_t>(kNiqePristineMean.size()));
  ASSERT_EQ(covariance.numel(), static_cast<std::int64_t>(kNiqePristineCovariance.size()));
  EXPECT_TRUE(std::equal(kNiqePristineMean.begin(), kNiqePristineMean.end(), mean.const_data_ptr<double>()));
  EXPECT_TRUE(
      std::equal(kNiqePristineCovariance.begin(), kNiqePristineCovariance.end(), covariance.const_data_ptr<double>()));
  const std::vector<double> taps = gaussian_taps(7, 7.0 / 6.0);
  const at::Tensor line = torch::tensor(taps, at::kDouble);
  golden.expect_close(at::outer(line, line), "in/gaussian_window");
}

}  // namespace
}  // namespace samsr
