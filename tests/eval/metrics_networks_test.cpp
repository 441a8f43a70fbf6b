#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/dists/dists.h"
#include "eval/metrics/lpips/lpips.h"
#include "eval/metrics/musiq/musiq.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

LpipsNetwork lpips_network(LpipsTrunk trunk) {
  return LpipsNetwork(trunk, testing::weights_by_rule(lpips_trunk_weights(trunk), 1),
                      testing::linear_weights_by_rule(lpips_linear_weights(trunk), 1), at::kCPU);
}

MetricParts parts(const char* name, std::int64_t crop_border = 0) { return {metric_description(name), crop_border}; }

/// Random pictures (B,3,H,W) uint8.
at::Tensor pictures(std::int64_t batch, std::int64_t height, std::int64_t width, const std::string& name) {
  const at::Tensor u = testing::rule_seeded(name + ".bias", {batch * 3 * height * width}, 0) * 10;
  return ((u + 1) * 127.5).round().to(at::kByte).view({batch, 3, height, width});
}

/// The five metrics of single pictures, with weights by rule.
class NetworkMetrics : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    metrics_.push_back(std::make_unique<Lpips>(LpipsTrunk::kAlex, lpips_network(LpipsTrunk::kAlex), parts("lpips")));
    metrics_.push_back(std::make_unique<Lpips>(LpipsTrunk::kVgg, lpips_network(LpipsTrunk::kVgg), parts("lpips_vgg")));
    metrics_.push_back(
        std::make_unique<Clipiqa>(testing::clip_weights_by_rule(clipiqa_weights(), 1), parts("clipiqa")));
    metrics_.push_back(std::make_unique<Musiq>(testing::weights_by_rule(musiq_weights(), 1), parts("musiq")));
    metrics_.push_back(
        std::make_unique<Dists>(DistsNetwork(testing::weights_by_rule(dists_trunk_weights(), 1),
                                             testing::linear_weights_by_rule(dists_channel_weights(), 1), at::kCPU),
                                parts("dists")));
  }
  static void TearDownTestSuite() { metrics_.clear(); }

  static std::vector<std::unique_ptr<Metric>> metrics_;
};
std::vector<std::unique_ptr<Metric>> NetworkMetrics::metrics_;

TEST_F(NetworkMetrics, BatchEqualsOneByOneAndFloatEqualsBytes) {
  const at::Tensor pred = pictures(2, 61, 83, "pred");
  const at::Tensor ref = pictures(2, 61, 83, "ref");
  for (const auto& metric : metrics_) {
    const at::Tensor scores = metric->score(pred, ref);
    ASSERT_EQ(scores.sizes(), at::IntArrayRef({2}));
    ASSERT_EQ(scores.scalar_type(), at::kDouble);
    EXPECT_NE(scores[0].item<double>(), scores[1].item<double>()) << metric->name();
    for (std::int64_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(scores[i].item<double>(),
                  metric->score(pred.slice(0, i, i + 1), ref.slice(0, i, i + 1)).item<double>(), 1e-5)
          << metric->name();
    }
    EXPECT_TRUE(scores.allclose(metric->score(pred.to(at::kFloat) / 255, ref.to(at::kFloat) / 255), 1e-6, 1e-6))
        << metric->name();
  }
}

TEST_F(NetworkMetrics, CropEqualsCutPictures) {
  const at::Tensor pred = pictures(1, 80, 72, "pred");
  const at::Tensor ref = pictures(1, 80, 72, "ref");
  const auto inner = [](const at::Tensor& x) { return x.slice(2, 4, 76).slice(3, 4, 68); };
  const Lpips cropped(LpipsTrunk::kAlex, lpips_network(LpipsTrunk::kAlex), parts("lpips", 4));
  EXPECT_THAT(cropped.protocol(), HasSubstr("4 px cropped"));
  EXPECT_EQ(cropped.score(pred, ref).item<double>(), metrics_[0]->score(inner(pred), inner(ref)).item<double>());
}

TEST_F(NetworkMetrics, MorePicturesThanFitAtATime) {
  const at::Tensor pred = pictures(5, 257, 255, "pred");  // four pass at a time
  const at::Tensor ref = pictures(5, 257, 255, "ref");
  const at::Tensor scores = metrics_[0]->score(pred, ref);
  const at::Tensor last = metrics_[0]->score(pred.slice(0, 4), ref.slice(0, 4));
  EXPECT_NEAR(scores[4].item<double>(), last.item<double>(), 1e-6);
}

TEST_F(NetworkMetrics, LpipsOfEqualPicturesIsZero) {
  const at::Tensor image = pictures(1, 64, 48, "image");
  EXPECT_EQ(metrics_[0]->score(image, image).item<double>(), 0);
  EXPECT_EQ(metrics_[1]->score(image, image).item<double>(), 0);
}

TEST_F(NetworkMetrics, DistsOfEqualPicturesIsZeroAndSizesOfOnePixelHaveValues) {
  const at::Tensor image = pictures(1, 64, 48, "image");
  EXPECT_NEAR(metrics_[4]->score(image, image).item<double>(), 0, 1e-12);
  EXPECT_EQ(metrics_[4]->undefined_for(1, 1), "");
  const at::Tensor pixel = pictures(1, 1, 1, "pixel");
  EXPECT_TRUE(std::isfinite(metrics_[4]->score(pixel, 255 - pixel).item<double>()));
}

TEST_F(NetworkMetrics, PicturesOfAnySizeHaveValues) {
  for (const auto& [height, width] : std::vector<std::pair<int, int>>{{31, 31}, {33, 250}, {1100, 64}, {97, 131}}) {
    for (const auto& metric : metrics_) {
      EXPECT_EQ(metric->undefined_for(height, width), "");
      const at::Tensor image = pictures(1, height, width, "image");
      EXPECT_TRUE(std::isfinite(metric->score(image, 255 - image).item<double>())) << metric->name();
    }
  }
}

TEST_F(NetworkMetrics, TooSmallPicturesHaveNoValue) {
  EXPECT_THAT(metrics_[0]->undefined_for(30, 64), HasSubstr("64x30 is smaller than the 31x31 that AlexNet needs"));
  EXPECT_THAT(metrics_[1]->undefined_for(64, 15), HasSubstr("16x16 that VGG-16"));
  EXPECT_THAT(metrics_[2]->undefined_for(30, 31), HasSubstr("CLIP"));
  EXPECT_EQ(metrics_[3]->undefined_for(1, 1), "");
  EXPECT_THAT(metrics_[3]->undefined_for(1, 1000), HasSubstr("less than a pixel"));
  EXPECT_TRUE(std::isnan(metrics_[0]->score(pictures(1, 30, 64, "a"), pictures(1, 30, 64, "b")).item<double>()));
}

}  // namespace
}  // namespace samsr
