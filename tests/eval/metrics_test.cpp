#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "eval/metrics/choose_metrics.h"
#include "eval/metrics/plane.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kOfPixels = {"psnr_y", "psnr_rgb", "ssim_y", "ssim_rgb", "niqe"};

/// Random smooth texture (B,3,H,W) uint8.
at::Tensor texture(std::int64_t batch, std::int64_t height, std::int64_t width, std::uint64_t seed) {
  at::Tensor coarse = at::empty({batch, 3, height / 2 + 2, width / 2 + 2});
  Rng(seed, "texture").fill_normal({coarse.mutable_data_ptr<float>(), static_cast<std::size_t>(coarse.numel())});
  const at::Tensor smooth = at::upsample_bilinear2d(coarse, {height, width}, false);
  return (smooth * 40 + 128).round().clamp(0, 255).to(at::kByte);
}

double only(const at::Tensor& scores) { return scores.item<double>(); }

TEST(Metrics, NamesAliasesAndProtocols) {
  for (const std::string& name : kOfPixels) {
    EXPECT_EQ(make_metric(name)->name(), name);
    EXPECT_THAT(make_metric(name)->protocol(), HasSubstr("no border crop"));
    EXPECT_THAT(make_metric(name, {.crop_border = 4})->protocol(), HasSubstr("4 px cropped"));
  }
  EXPECT_EQ(make_metric("psnr")->name(), "psnr_y");
  EXPECT_EQ(make_metric("ssim")->name(), "ssim_y");
  const auto list = choose_metrics("psnr, ssim_rgb,psnr_y,niqe").metrics;
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0]->name(), "psnr_y");
  EXPECT_EQ(list[2]->name(), "niqe");
}

TEST(Metrics, WhatNobodyNamesIsTheUsual) {
  std::vector<std::string_view> names;
  for (const MetricDescription* metric : usual_metrics()) {
    names.push_back(metric->name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("psnr_y", "ssim_y", "lpips", "niqe", "clipiqa", "musiq"));
}

TEST(Metrics, EveryLineOfTheTableMakesItsMetric) {
  for (const MetricDescription& each : metric_table()) {
    if (each.files.empty()) {
      EXPECT_EQ(make_metric(std::string(each.name))->name(), each.name);
    }
    EXPECT_NE(each.make, nullptr) << each.name;
  }
}

TEST(Metrics, UnknownNameIsAnErrorWithTheNearest) {
  EXPECT_THAT(testing::error_of([] { make_metric("psnr_z"); }), HasSubstr("did you mean 'psnr_y'?"));
  EXPECT_THROW(choose_metrics(""), UserError);
}

TEST(Metrics, EqualImagesHaveTheBestValue) {
  const at::Tensor image = texture(1, 64, 48, 1);
  EXPECT_NEAR(only(make_metric("psnr_y")->score(image, image)), 128.13, 0.01);
  EXPECT_NEAR(only(make_metric("psnr_rgb")->score(image, image)), 80.0, 1e-9);
  EXPECT_NEAR(only(make_metric("ssim_y")->score(image, image)), 1.0, 1e-12);
  EXPECT_NEAR(only(make_metric("ssim_rgb")->score(image, image)), 1.0, 1e-12);
}

TEST(Metrics, PsnrOfAKnownDifference) {
  const at::Tensor ref = at::full({1, 3, 20, 31}, 100, at::kByte);
  const at::Tensor pred = at::full({1, 3, 20, 31}, 105, at::kByte);
  EXPECT_NEAR(only(make_metric("psnr_rgb")->score(pred, ref)), 10 * std::log10(255.0 * 255.0 / 25.0), 1e-3);
  const double luma_step = 5 * 219.0 / 255.0;
  EXPECT_NEAR(only(make_metric("psnr_y")->score(pred, ref)), 10 * std::log10(255.0 * 255.0 / (luma_step * luma_step)),
              1e-6);
}

TEST(Metrics, BatchEqualsOneByOneAndFloatEqualsBytes) {
  const at::Tensor pred = texture(3, 200, 210, 2);
  const at::Tensor ref = texture(3, 200, 210, 3);
  for (const std::string& name : kOfPixels) {
    const auto metric = make_metric(name);
    const at::Tensor scores = metric->score(pred, ref);
    ASSERT_EQ(scores.sizes(), at::IntArrayRef({3}));
    for (std::int64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(scores[i].item<double>(), only(metric->score(pred.slice(0, i, i + 1), ref.slice(0, i, i + 1))));
    }
    const at::Tensor as_float = metric->score(pred.to(at::kFloat) / 255, ref.to(at::kFloat) / 255);
    EXPECT_TRUE(at::allclose(scores, as_float, 1e-4, 1e-4)) << name;
    EXPECT_TRUE(at::allclose(scores, metric->score(pred, ref.to(at::kDouble) / 255), 1e-4, 1e-4)) << name;
  }
}

TEST(Metrics, CropLeavesTheBorderOut) {
  const at::Tensor ref = texture(1, 220, 216, 4);
  at::Tensor pred = ref.clone();
  pred.slice(2, 0, 4).fill_(0);
  for (const std::string& name : kOfPixels) {
    const auto cropped = make_metric(name, {.crop_border = 4});
    const auto inner = [](const at::Tensor& x) { return x.slice(2, 4, 216).slice(3, 4, 212); };
    EXPECT_EQ(only(cropped->score(pred, ref)), only(make_metric(name)->score(inner(pred), inner(ref)))) << name;
  }
}

TEST(Metrics, SsimOfUnrelatedImagesIsLow) {
  const at::Tensor a = texture(1, 64, 64, 5);
  const at::Tensor b = texture(1, 64, 64, 6);
  EXPECT_LT(only(make_metric("ssim_y")->score(a, b)), 0.3);
}

TEST(Metrics, TooSmallOrFlatImagesHaveNoValue) {
  EXPECT_THAT(make_metric("niqe")->undefined_for(95, 400), HasSubstr("fewer than two blocks"));
  EXPECT_THAT(make_metric("niqe")->undefined_for(96, 96), HasSubstr("96x96"));
  EXPECT_EQ(make_metric("niqe")->undefined_for(96, 192), "");
  EXPECT_THAT(make_metric("ssim_y")->undefined_for(10, 40), HasSubstr("smaller than the 11x11 window"));
  EXPECT_THAT(make_metric("psnr_y", {.crop_border = 8})->undefined_for(16, 40), HasSubstr("nothing is left"));
  EXPECT_EQ(make_metric("psnr_y")->undefined_for(1, 1), "");
  EXPECT_TRUE(std::isnan(only(make_metric("niqe")->score(texture(1, 96, 96, 7)))));
  EXPECT_TRUE(std::isnan(only(make_metric("niqe")->score(at::full({1, 3, 200, 200}, 255, at::kByte)))));
}

TEST(Metrics, NiqeSurvivesAFlatBlock) {
  at::Tensor image = texture(1, 288, 288, 8);
  image.slice(2, 0, 96).slice(3, 0, 96).fill_(255);
  EXPECT_TRUE(std::isfinite(only(make_metric("niqe")->score(image))));
}

TEST(Plane, HalvingIsMatlabs) {
  Plane ramp(4, 4);
  for (std::size_t i = 0; i < ramp.values.size(); ++i) {
    ramp.values[i] = static_cast<double>(i);
  }
  const Plane half = halve_bicubic(ramp);
  ASSERT_EQ(half.height, 2);
  ASSERT_EQ(half.width, 2);
  // imresize(reshape(0:15, 4, 4)', 0.5) in MATLAB's convention: symmetric about the middle of the ramp.
  EXPECT_NEAR(half.row(0)[0] + half.row(1)[1], 15.0, 1e-9);
  EXPECT_NEAR(half.row(0)[1] + half.row(1)[0], 15.0, 1e-9);
  EXPECT_NEAR(half.row(1)[0] - half.row(0)[0], 4 * (half.row(0)[1] - half.row(0)[0]), 1e-9);
  EXPECT_EQ(halve_bicubic(Plane(5, 7)).width, 4);
}

TEST(Plane, FilterKeepsConstantsAndRepeatsTheBorder) {
  Plane flat(5, 3);
  std::fill(flat.values.begin(), flat.values.end(), 7.0);
  const Plane filtered = filter_replicated(flat, gaussian_taps(7, 1.2));
  for (const double value : filtered.values) {
    EXPECT_NEAR(value, 7.0, 1e-12);
  }
}

}  // namespace
}  // namespace samsr
