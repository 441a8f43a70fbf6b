// LPIPS as a loss: the metric's numbers, with a gradient, in the recipe of the teacher.

#include "train/losses/lpips_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "diffusion/method.h"
#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/lpips/lpips.h"
#include "models/weights/safetensors.h"
#include "support/device.h"
#include "support/files.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::device;
using testing::error_of;
using testing::Golden;
using ::testing::HasSubstr;
using testing::placed;

constexpr LpipsTrunk kTrunk = LpipsTrunk::kVgg;

NamedWeights trunk_by_rule() { return testing::weights_by_rule(lpips_trunk_weights(kTrunk), 1); }
NamedWeights linear_by_rule() { return testing::linear_weights_by_rule(lpips_linear_weights(kTrunk), 1); }

LpipsNetwork network_by_rule(bool passes_gradients) {
  return LpipsNetwork(kTrunk, trunk_by_rule(), linear_by_rule(), device(), passes_gradients);
}

/// LPIPS by its definition, in float64: (B) of pictures in [-1,1], float64, with weights by rule.
at::Tensor lpips_in_double(LpipsTrunk trunk, const at::Tensor& prediction, const at::Tensor& truth) {
  struct Layer {
    int number;
    std::int64_t stride;
    std::int64_t padding;
    bool pooled;
    bool compared;
  };
  const bool vgg = trunk == LpipsTrunk::kVgg;
  const std::vector<Layer> layers =
      vgg ? std::vector<Layer>{{0, 1, 1, false, false}, {2, 1, 1, false, true},  {5, 1, 1, true, false},
                               {7, 1, 1, false, true},  {10, 1, 1, true, false}, {12, 1, 1, false, false},
                               {14, 1, 1, false, true}, {17, 1, 1, true, false}, {19, 1, 1, false, false},
                               {21, 1, 1, false, true}, {24, 1, 1, true, false}, {26, 1, 1, false, false},
                               {28, 1, 1, false, true}}
          : std::vector<Layer>{{0, 4, 2, false, true},
                               {3, 1, 2, true, true},
                               {6, 1, 1, true, true},
                               {8, 1, 1, false, true},
                               {10, 1, 1, false, true}};
  const NamedWeights trunk_weights = testing::weights_by_rule(lpips_trunk_weights(trunk), 1);
  const NamedWeights linear = testing::linear_weights_by_rule(lpips_linear_weights(trunk), 1);
  const auto of = [](const NamedWeights& weights, const std::string& name) { return weights.at(name).to(at::kDouble); };
  const auto unit = [](const at::Tensor& x) { return x / (x.square().sum(1, true).sqrt() + 1e-10); };
  const auto three = [](double r, double g, double b) {
    return torch::tensor({r, g, b}, at::kDouble).view({1, 3, 1, 1});
  };
  at::Tensor x = (at::cat({prediction, truth}) - three(-0.030, -0.088, -0.188)) / three(0.458, 0.448, 0.450);
  at::Tensor sum = torch::zeros({prediction.size(0)}, at::kDouble);
  int compared = 0;
  for (const Layer& layer : layers) {
    const std::string name = "features." + std::to_string(layer.number) + ".";
    x = layer.pooled ? at::max_pool2d(x, vgg ? 2 : 3, 2) : x;
    x = at::relu(at::conv2d(x, of(trunk_weights, name + "weight"), of(trunk_weights, name + "bias"), layer.stride,
                            layer.padding));
    if (layer.compared) {
      const std::vector<at::Tensor> both = unit(x).chunk(2);
      const at::Tensor weights = of(linear, "lin" + std::to_string(compared++) + ".model.1.weight");
      sum = sum + ((both[0] - both[1]).square() * weights).sum(1).mean({1, 2});
    }
  }
  return sum;
}

/// Two smooth pictures with some noise, (2,3,side,side) in [-1,1].
at::Tensor smooth_pictures(std::uint64_t seed, std::int64_t side) {
  torch::manual_seed(seed);
  const at::Tensor coarse = torch::rand({2, 3, 5, 5}) * 1.6 - 0.8;
  const at::Tensor smooth = at::upsample_bilinear2d(coarse, {side, side}, /*align_corners=*/true);
  return placed((smooth + 0.1 * torch::randn_like(smooth)).clamp(-1, 1));
}

class LpipsLossGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(LpipsLossGolden, testing::golden_files("lpips_vgg"));

TEST_P(LpipsLossGolden, IsTheMetricWithAndWithoutGradients) {
  const Golden golden(GetParam());
  const LpipsLoss loss(
      LpipsNetwork(kTrunk, testing::trunk_weights_by_rule(golden, lpips_trunk_weights(kTrunk)),
                   testing::linear_weights_by_rule(lpips_linear_weights(kTrunk), golden.salt()), device(), true),
      1);
  const auto pictures = [&](const std::string& name) {
    return placed(golden.read(name).permute({0, 3, 1, 2}).to(at::kFloat) / 127.5 - 1);
  };
  const at::Tensor distorted = pictures("in/distorted");
  const at::Tensor reference = pictures("in/reference");
  golden.expect_close(loss.of(distorted, reference).unsqueeze(1), "out/lpips");
  const at::Tensor with_gradient = loss.of(distorted.clone().requires_grad_(), reference);
  EXPECT_TRUE(with_gradient.requires_grad());
  golden.expect_close(with_gradient.detach().unsqueeze(1), "out/lpips");
}

TEST(LpipsLossOfPictures, GradientAgreesWithDifferences) {
  const LpipsLoss loss(network_by_rule(true), 1);
  const at::Tensor truth = smooth_pictures(1, 48);
  at::Tensor picture = smooth_pictures(2, 48).mul(0.9).requires_grad_();
  const at::Tensor at_start = loss.of(picture, truth);
  EXPECT_EQ(at_start.sizes(), at::IntArrayRef({2}));
  at_start.sum().backward();
  const at::Tensor gradient = picture.grad();
  const torch::NoGradGuard no_grad;
  const auto along = [&](const at::Tensor& direction) {
    const double step = 2e-3 / direction.abs().max().item<double>();
    const at::Tensor moved = loss.of(picture + step * direction, truth) - loss.of(picture - step * direction, truth);
    return moved.to(at::kDouble).sum().item<double>() / (2 * step);
  };
  const double expected = gradient.square().sum().item<double>();
  ASSERT_GT(expected, 0);
  EXPECT_NEAR(along(gradient), expected, 0.02 * expected);
  // Of one picture alone: the other's loss does not see it.
  at::Tensor first = gradient.clone();
  first[1].zero_();
  const double of_first = gradient[0].square().sum().item<double>();
  EXPECT_NEAR(along(first), of_first, 0.02 * of_first);
}

TEST(LpipsLossOfPictures, GradientAgreesWithDifferencesOfItsDefinitionInDouble) {
  for (const LpipsTrunk trunk : {LpipsTrunk::kAlex, LpipsTrunk::kVgg}) {
    SCOPED_TRACE(lpips_trunk_name(trunk));
    const LpipsLoss loss(LpipsNetwork(trunk, testing::weights_by_rule(lpips_trunk_weights(trunk), 1),
                                      testing::linear_weights_by_rule(lpips_linear_weights(trunk), 1), device(), true),
                         1, /*cut=*/false);
    const at::Tensor truth = smooth_pictures(1, 48);
    const at::Tensor picture = smooth_pictures(2, 48).mul(1.2).requires_grad_();  // also outside of [-1,1]
    const at::Tensor found = loss.of(picture, truth);
    found.sum().backward();
    const at::Tensor gradient = picture.grad().cpu().to(at::kDouble);
    const torch::NoGradGuard no_grad;
    const at::Tensor at_start = picture.cpu().to(at::kDouble);
    const auto in_double = [&](const at::Tensor& x) { return lpips_in_double(trunk, x, truth.cpu().to(at::kDouble)); };
    EXPECT_TRUE(found.cpu().to(at::kDouble).allclose(in_double(at_start), 1e-4, 1e-7));
    torch::manual_seed(7);
    for (const at::Tensor& direction : {gradient / gradient.norm(), torch::randn_like(gradient) / 100}) {
      constexpr double kStep = 1e-6;
      const double along =
          ((in_double(at_start + kStep * direction) - in_double(at_start - kStep * direction)).sum() / (2 * kStep))
              .item<double>();
      EXPECT_NEAR((gradient * direction).sum().item<double>(), along, 2e-3 * gradient.norm().item<double>());
    }
  }
}

TEST(LpipsLossOfPictures, WhatIsCutHasNoGradient) {
  const LpipsLoss loss(network_by_rule(true), 1);
  const at::Tensor truth = smooth_pictures(1, 32);
  at::Tensor picture = smooth_pictures(2, 32).mul(0.9);
  picture.slice(3, 0, 16).fill_(1.5);
  picture.requires_grad_();
  const at::Tensor losses = loss.of(picture, truth);
  EXPECT_TRUE(losses.allclose(loss.of(picture.detach().clamp(-1, 1), truth), 1e-5, 1e-6));
  losses.sum().backward();
  EXPECT_EQ(picture.grad().slice(3, 0, 16).abs().max().item<float>(), 0);
  EXPECT_GT(picture.grad().slice(3, 16).abs().max().item<float>(), 0);
}

TEST(LpipsLossOfPictures, EqualPicturesHaveNone) {
  const LpipsLoss loss(network_by_rule(true), 1);
  const at::Tensor flat = placed(torch::zeros({1, 3, 32, 32}));
  for (const at::Tensor& picture : {smooth_pictures(1, 32), flat}) {
    at::Tensor same = picture.clone().requires_grad_();
    const at::Tensor losses = loss.of(same, picture);
    EXPECT_EQ(losses.abs().max().item<float>(), 0);
    losses.sum().backward();
    EXPECT_EQ(same.grad().abs().max().item<float>(), 0) << "and nothing that is not finite";
  }
}

class LpipsOfTheTeacher : public ::testing::Test {
 protected:
  LpipsOfTheTeacher() {
    torch::manual_seed(5);
    const torch::NoGradGuard no_grad;
    for (const at::Tensor& parameter : model_->unet()->parameters()) {
      parameter.normal_(0, 0.05);  // the output layer begins with zeros
    }
    model_->to(device());
    batch_.hr = smooth_pictures(3, 64);
    batch_.lq = at::avg_pool2d(batch_.hr, {4, 4});
    batch_.z_0 = model_->first_stage().encode(batch_.hr);
    batch_.z_y = model_->first_stage().encode_lq(batch_.lq, 4);
    batch_.position = {3, 4};
    batch_.sample = {0, 1};
  }

  std::unique_ptr<Recipe> recipe(const std::shared_ptr<const LpipsLoss>& lpips) const {
    SuperResolutionParts parts;
    parts.train = train_;
    parts.network = model_;
    parts.noise = seeded_noise(train_.seed);
    parts.lpips = lpips;
    return make_resshift_recipe(std::move(parts));
  }

  TrainSettings train_;
  const std::shared_ptr<SuperResolutionModel> model_ =
      std::make_shared<SuperResolutionModel>(testing::small_model_settings(4), 1);
  Batch batch_;
};

TEST_F(LpipsOfTheTeacher, IsAddedToTheSquaredErrorWithItsWeight) {
  const auto lpips = std::make_shared<const LpipsLoss>(network_by_rule(true), 0.5);
  const std::unique_ptr<Recipe> with = recipe(lpips);
  const std::unique_ptr<Recipe> without = recipe(nullptr);
  EXPECT_TRUE(with->fields().hr);
  EXPECT_FALSE(without->fields().hr);
  const RecipeLosses found = with->losses(batch_, {});
  const RecipeLosses plain = without->losses(batch_, {});
  ASSERT_EQ(plain.terms.size(), 1U);
  ASSERT_EQ(found.terms.size(), 2U);
  EXPECT_EQ(found.terms[1].name, "lpips");
  EXPECT_TRUE(found.terms[0].values.equal(plain.terms[0].values));
  EXPECT_TRUE(found.total.allclose(plain.total + 0.5 * found.terms[1].values));
  // Of the picture that the prediction stands for, by the metric itself.
  const at::Tensor image = model_->first_stage().decode(found.predictions[0].detach()).clamp(-1, 1);
  const Lpips metric(kTrunk, network_by_rule(false), {metric_description("lpips_vgg"), 0, device()});
  const at::Tensor scores = metric.score((image + 1) / 2, (batch_.hr + 1) / 2);
  EXPECT_TRUE(found.terms[1].values.detach().cpu().to(at::kDouble).allclose(scores.cpu(), 1e-4, 1e-6));
  EXPECT_GT(scores.min().item<double>(), 1e-4);
}

TEST_F(LpipsOfTheTeacher, ItsGradientReachesTheNetwork) {
  const std::unique_ptr<Recipe> made = recipe(std::make_shared<const LpipsLoss>(network_by_rule(true), 1));
  const auto loss = [&] { return made->losses(batch_, {}).terms[1].values.sum(); };
  const at::Tensor at_start = loss();
  at_start.backward();
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
  double expected = 0;
  for (const at::Tensor& parameter : model_->unet()->parameters()) {
    if (parameter.grad().defined()) {
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad().clone());
      expected += gradients.back().square().sum().item<double>();
    }
  }
  ASSERT_GT(expected, 0);
  // Along the gradient g the loss changes by |g|² a unit.
  const double step = 0.005 * at_start.item<double>() / expected;
  const torch::NoGradGuard no_grad;
  const auto moved = [&](double by) {
    at::_foreach_add_(parameters, gradients, by);
    const double value = loss().item<double>();
    at::_foreach_add_(parameters, gradients, -by);
    return value;
  };
  EXPECT_NEAR((moved(step) - moved(-step)) / (2 * step), expected, 0.02 * expected);
}

/// Official files by rule, in a folder of their own; those of whoever runs the test are out of sight.
class MakeLpipsLoss : public ::testing::Test {
 protected:
  MakeLpipsLoss() {
    setenv("TORCH_HOME", (scratch_ / "torch").c_str(), 1);
    setenv("XDG_CACHE_HOME", (scratch_ / "cache").c_str(), 1);
  }
  ~MakeLpipsLoss() override {
    unsetenv("TORCH_HOME");
    unsetenv("XDG_CACHE_HOME");
  }

  std::shared_ptr<const LpipsLoss> make(double weight, std::int64_t side = 64) {
    return read_lpips_loss({kTrunk, weight, "resshift.lambda_lpips", side}, {.folder = (scratch_ / "weights").string()},
                           device(), log_);
  }
  void write(const std::string& file, const NamedWeights& weights) const {
    write_safetensors(scratch_.folder("weights") / file, {{weights.begin(), weights.end()}, {}});
  }

  const testing::TemporaryFolder scratch_;
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(MakeLpipsLoss, ReadsTheOfficialFiles) {
  EXPECT_EQ(make(0), nullptr);
  EXPECT_EQ(said_.str(), "");
  write("vgg16-397923af.pth", trunk_by_rule());
  write("vgg.pth", linear_by_rule());
  const auto made = make(0.5);
  EXPECT_EQ(made->weight(), 0.5);
  EXPECT_NEAR(static_cast<double>(made->weight_bytes()), 14.716e6 * 4, 1e5);
  const at::Tensor one = smooth_pictures(1, 32);
  const at::Tensor other = smooth_pictures(2, 32);
  EXPECT_TRUE(made->of(one, other).equal(LpipsLoss(network_by_rule(true), 1).of(one, other)));
  EXPECT_THAT(said_.str(), AllOf(HasSubstr("0.5 × LPIPS"), HasSubstr("vgg16-397923af.pth"), HasSubstr("vgg.pth")));
  EXPECT_THAT(error_of([&] { make(0.5, 15); }), HasSubstr("VGG-16 takes pictures of at least 16 pixels a side"));
}

TEST_F(MakeLpipsLoss, SaysWhichFileIsMissingAndWhichDoesNotFit) {
  EXPECT_THAT(error_of([&] { make(1); }), AllOf(HasSubstr("resshift.lambda_lpips is 1: vgg16-397923af.pth is missing"),
                                                HasSubstr("published at"), HasSubstr("resshift.lambda_lpips=0")));
  write("vgg16-397923af.pth", trunk_by_rule());
  EXPECT_THAT(error_of([&] { make(1); }), HasSubstr("vgg.pth is missing"));
  write("vgg.pth", testing::linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 1));
  EXPECT_THAT(error_of([&] { make(1); }), AllOf(HasSubstr("vgg.pth"), HasSubstr("LPIPS on VGG-16")));
}

}  // namespace
}  // namespace samsr
