#include "models/coverage_net/coverage_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "models/layers/autocast.h"
#include "models/weights/load_weights.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

FirstStageSettings first_stage_of(const std::string& type) {
  FirstStageSettings settings;
  settings.type = type;
  return settings;
}

CoverageNet small_net(const std::string& kind, const std::string& first_stage = "space_to_depth") {
  CoverageNetSettings settings;
  settings.input = kind;
  settings.channels = 4;
  CoverageNet net = make_coverage_net(settings, coverage_net_input(kind, first_stage_of(first_stage), 4), 7);
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : net->parameters()) {
    parameter.normal_(0, 0.1);  // some begin with zeros
  }
  return net;
}

class CoverageNetFile : public ::testing::Test {
 protected:
  std::string load_error(const FirstStageSettings& first_stage, std::int64_t scale) const {
    return testing::error_of([&] { load_coverage_net(path_, first_stage, scale); });
  }

  const testing::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "coverage_net.safetensors";
};

TEST(CoverageNetTest, GivesOneWeightALowResolutionPixelForAnySize) {
  CoverageNet image = small_net("image");
  CoverageNet latent = small_net("latent", "vq_f4");
  for (const auto& [height, width] : {std::pair(16, 16), {13, 7}, {1, 5}, {32, 3}}) {
    const at::Tensor of_image = image(torch::rand({2, 3, 4 * height, 4 * width}) * 2 - 1);
    const at::Tensor of_latent = latent(torch::randn({2, 3, height, width}));
    for (const at::Tensor& weight : {of_image, of_latent}) {
      EXPECT_EQ(weight.sizes(), at::IntArrayRef({2, 1, height, width}));
      EXPECT_GE(weight.min().item<float>(), 0);
      EXPECT_LE(weight.max().item<float>(), 1);
    }
  }
  EXPECT_THROW(image(torch::rand({1, 3, 10, 8})), c10::Error);
  EXPECT_THROW(latent(torch::rand({1, 48, 8, 8})), c10::Error);
}

TEST(CoverageNetTest, SeesTheWholePicture) {
  CoverageNet net = small_net("image");
  at::Tensor picture = torch::rand({1, 3, 256, 256}) * 2 - 1;
  const at::Tensor before = net(picture);
  picture.narrow(2, 200, 56).narrow(3, 200, 56).fill_(1);
  EXPECT_NE(net(picture)[0][0][0][0].item<float>(), before[0][0][0][0].item<float>())
      << "W is relative to the largest count, wherever that is";
}

TEST(CoverageNetTest, GradientToThePictureAgreesWithDifferences) {
  CoverageNet net = small_net("image");
  net->to(torch::kFloat64);
  at::Tensor picture = (torch::rand({1, 3, 36, 28}, torch::kFloat64) * 2 - 1).requires_grad_();
  const at::Tensor direction = torch::randn_like(picture);
  net(picture).square().sum().backward();
  const double slope = (picture.grad() * direction).sum().item<double>();
  const torch::NoGradGuard no_grad;
  const double step = 1e-5;
  const double above = net(picture + step * direction).square().sum().item<double>();
  const double below = net(picture - step * direction).square().sum().item<double>();
  EXPECT_NEAR(slope, (above - below) / (2 * step), 1e-5 * std::abs(slope));
  EXPECT_GT(std::abs(slope), 1e-3);
}

TEST(CoverageNetTest, AnswersInFloat32UnderAutocast) {
  CoverageNet net = small_net("image");
  const at::Tensor picture = torch::rand({1, 3, 64, 64}) * 2 - 1;
  const at::Tensor exact = net(picture);
  const Autocast autocast(at::kCPU, true);
  const at::Tensor rounded = net(picture);
  EXPECT_EQ(rounded.scalar_type(), at::kFloat);
  EXPECT_LT((rounded - exact).abs().max().item<float>(), 0.05);
  EXPECT_FALSE(rounded.equal(exact));
}

TEST_F(CoverageNetFile, ComesBackFrozenWithItsSettings) {
  CoverageNet net = small_net("image");
  write_safetensors(path_, coverage_net_file(*net, state_of(*net)));
  CoverageNet loaded = load_coverage_net(path_, first_stage_of("vq_f4"), 4);  // images need no first stage
  const at::Tensor picture = torch::rand({1, 3, 24, 32}) * 2 - 1;
  EXPECT_TRUE(loaded(picture).equal(net(picture)));
  EXPECT_FALSE(loaded(picture).requires_grad());
  EXPECT_TRUE(net(picture).requires_grad());
  EXPECT_EQ(loaded->settings().channels, 4);
}

TEST_F(CoverageNetFile, SaysWhatDoesNotFit) {
  const CoverageNet image = small_net("image");
  write_safetensors(path_, coverage_net_file(*image, state_of(*image)));
  EXPECT_THAT(load_error(first_stage_of("space_to_depth"), 2), HasSubstr("another kind of picture: image of 4 times"));

  const CoverageNet latent = small_net("latent", "vq_f4");
  write_safetensors(path_, coverage_net_file(*latent, state_of(*latent)));
  EXPECT_EQ(load_error(first_stage_of("vq_f4"), 4), "no error");
  EXPECT_THAT(load_error(first_stage_of("none"), 4), HasSubstr("this run's is: latent of first_stage.type none"));
  FirstStageSettings coarse = first_stage_of("space_to_depth");
  coarse.factor = 8;
  EXPECT_THAT(load_error(coarse, 4), HasSubstr("coverage_net.input=image"));

  TensorFile other = state_of(*image);
  write_safetensors(path_, other);
  EXPECT_THAT(load_error(first_stage_of("vq_f4"), 4), HasSubstr("train.recipe=coverage_net"));
  other.metadata["format"] = "samsr-model/1";
  write_safetensors(path_, other);
  EXPECT_THAT(load_error(first_stage_of("vq_f4"), 4), HasSubstr("samsr-model/1"));

  TensorFile cut = coverage_net_file(*image, state_of(*image));
  cut.tensors.pop_back();
  write_safetensors(path_, cut);
  EXPECT_THAT(load_error(first_stage_of("vq_f4"), 4), HasSubstr("1 missing: exit.bias"));
}

}  // namespace
}  // namespace samsr
