#include "diffusion/sam_noise.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "core/rng.h"
#include "diffusion/noise.h"

namespace samsr {
namespace {

SamSettings of_variant(const std::string& variant) {
  SamSettings settings;
  settings.variant = variant;
  return settings;
}

class SamNoise : public ::testing::TestWithParam<std::string> {
 protected:
  SamSettings settings_ = of_variant(GetParam());
};

/// Overlapping masks of an 8×12 map: (1,5,8,12).
at::Tensor overlapping_masks() {
  at::Tensor masks = torch::zeros({1, 5, 8, 12}, torch::kUInt8);
  for (std::int64_t m = 0; m < 5; ++m) {
    masks[0][m].slice(0, 0, 2 + m).slice(1, m, 12 - m).fill_(1);
  }
  return masks;
}

TEST_P(SamNoise, OfCoverageHasTheDistributionOfTheDefinition) {
  constexpr std::int64_t kDraws = 20000;
  const at::Tensor masks = overlapping_masks();
  const at::Tensor coverage = masks.to(torch::kInt64).sum(1, true);
  const std::int64_t maps = masks.size(1) + (settings_.released() ? 1 : 0);
  Rng rng(3, "test");
  const at::Tensor by_masks =
      mask_noise(masks.expand({kDraws, -1, -1, -1}), standard_normal(rng, {kDraws, maps, 1, 8, 12}), settings_);
  const at::Tensor by_coverage =
      coverage_noise(coverage.expand({kDraws, -1, -1, -1}), standard_normal(rng, {kDraws, 1, 8, 12}), settings_);
  // Five deviations of a difference of means of that many normal draws, at the pixels with most noise.
  EXPECT_TRUE(by_masks.mean(0).allclose(by_coverage.mean(0), 0, 0.08));
  EXPECT_TRUE(by_masks.square().mean(0).allclose(by_coverage.square().mean(0), 0.08, 0.01));
  EXPECT_TRUE(by_masks.pow(4).mean(0).allclose(by_coverage.pow(4).mean(0), 0.18, 0.01));
  // More masks, more noise in the paper; less in the released code, which divides by their number.
  const at::Tensor variance = by_coverage.var(0).squeeze(0);
  const float most = variance[1][6].item<float>();
  const float least = variance[1][0].item<float>();
  EXPECT_NEAR(settings_.released() ? least / most : most / least, 5, 0.6);
}

TEST_P(SamNoise, IsStandardised) {
  Rng rng(4, "test");
  const at::Tensor coverage = overlapping_masks().to(torch::kInt64).sum(1, true).expand({3, -1, -1, -1});
  const at::Tensor noise = coverage_noise(coverage, standard_normal(rng, {3, 2, 8, 12}), settings_);
  EXPECT_LT(noise.mean({1, 2, 3}).abs().max().item<float>(), 1e-5);
  EXPECT_TRUE(noise.square().mean({1, 2, 3}).allclose(torch::ones({3}), 0.02));
}

/// z (B,C,h,w) less its mean and over its deviation, in double precision: of each sample in the paper; of each channel,
/// and unbiased, in the released code.
at::Tensor standardised_by_hand(const at::Tensor& z, bool released) {
  at::Tensor out = z.to(torch::kFloat64).clone();
  for (std::int64_t sample = 0; sample < z.size(0); ++sample) {
    const auto standardise = [&](at::Tensor values) {
      const at::Tensor apart = values - values.sum() / static_cast<double>(values.numel());
      const auto count = static_cast<double>(values.numel() - (released ? 1 : 0));
      values.copy_(apart / (apart.square().sum() / count).sqrt());
    };
    if (released) {
      for (std::int64_t channel = 0; channel < z.size(1); ++channel) {
        standardise(out[sample][channel]);
      }
    } else {
      standardise(out[sample]);
    }
  }
  return out;
}

TEST_P(SamNoise, IsPlainNoiseWithoutMasksAndUnderOneFullMask) {
  Rng rng(5, "test");
  const auto expect_standardised = [&](const at::Tensor& noise, const at::Tensor& z) {
    const at::Tensor expected = standardised_by_hand(z, settings_.released());
    ASSERT_EQ(noise.sizes(), expected.sizes());
    EXPECT_LT((noise.to(torch::kFloat64) - expected).abs().max().item<double>(), 2e-6);
  };
  const at::Tensor z = standard_normal(rng, {2, 3, 8, 12});
  expect_standardised(coverage_noise(torch::zeros({2, 1, 8, 12}, torch::kUInt8), z, settings_), z);
  expect_standardised(coverage_noise(torch::ones({2, 1, 8, 12}, torch::kUInt8), z, settings_), z);

  // By the definition it is the first mask's map; without masks, where there is one for the background, that.
  for (const std::int64_t masks : {1, 2}) {
    const std::int64_t maps = masks + (settings_.released() ? 1 : 0);
    const at::Tensor layers = standard_normal(rng, {2, maps, 3, 8, 12});
    expect_standardised(mask_noise(torch::zeros({2, masks, 8, 12}), layers, settings_),
                        layers.select(1, settings_.released() ? masks : 0));
  }
  const at::Tensor layers = standard_normal(rng, {2, settings_.released() ? 2 : 1, 3, 8, 12});
  expect_standardised(mask_noise(torch::ones({2, 1, 8, 12}), layers, settings_), layers.select(1, 0));
}

INSTANTIATE_TEST_SUITE_P(Variants, SamNoise, ::testing::Values("paper", "released"),
                         [](const auto& variant) { return variant.param; });

TEST(CoverageAt, RepeatsPixelsForALargerLatent) {
  const at::Tensor coverage = torch::arange(6, torch::kUInt8).view({1, 1, 2, 3});
  EXPECT_TRUE(coverage_at(coverage, 2, 3).equal(coverage.to(torch::kFloat32)));
  EXPECT_TRUE(
      coverage_at(coverage, 4, 6).equal(coverage.to(torch::kFloat32).repeat_interleave(2, 2).repeat_interleave(2, 3)));
}

TEST(StandardNormal, IsAFunctionOfTheStream) {
  Rng a(1, "noise", {5});
  Rng b(1, "noise", {5});
  Rng c(1, "noise", {6});
  const at::Tensor first = standard_normal(a, {3, 50, 50});
  EXPECT_TRUE(first.equal(standard_normal(b, {3, 50, 50})));
  EXPECT_FALSE(first.equal(standard_normal(c, {3, 50, 50})));
  EXPECT_NEAR(first.std().item<double>(), 1, 0.05);
}

}  // namespace
}  // namespace samsr
