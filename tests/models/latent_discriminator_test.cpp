// TAD-SR's discriminator against the released code, and its spectral norms by their definition.

#include "models/discriminators/latent_discriminator.h"

#include "diffusion/golden_case.h"
#include "diffusion/resshift.h"
#include "models/directional_differences.h"
#include "models/golden_discriminator.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::golden_files;

class DiscriminatorGolden : public testing::GoldenCase {
 protected:
  DiscriminatorGolden() {
    const YAML::Node config = golden_.config();
    const UNetSettings unet = testing::unet_settings(config["unet"]);
    discriminator_ =
        testing::placed(LatentDiscriminator(testing::discriminator_settings(config["tadsr"]["discriminator"]),
                                            unet.feature_channels(), unet.model_channels));
    testing::fill_discriminator(*discriminator_, golden_);
    steps_ = golden_.read("in/t_d")[0];
  }

  /// The teacher's features of a latent, noised as in the first iteration.
  std::vector<at::Tensor> features(const at::Tensor& latent) {
    const at::Tensor x = q_sample(schedule(), latent, batch_.z_y, steps_, golden_.read("in/noise_d")[0]);
    return teacher_->encoder_features(diffusion_.scale_input(x, steps_), steps_, batch_.lq);
  }

  at::Tensor student_x0() {
    const DistillStart start = sinsr_start(schedule(), batch_.z_y, golden_.read("in/noise")[0]);
    const std::int64_t last = schedule().last();
    return diffusion_.predict(denoiser_of(student_), diffusion_.scale_input(start.x_T, last),
                              steps_of(last, start.x_T.size(0), start.x_T.device()), batch_.z_y, batch_.lq);
  }

  LatentDiscriminator discriminator_{nullptr};
  at::Tensor steps_;
};

TEST_P(DiscriminatorGolden, HasTheOfficialParameterNames) {
  std::vector<std::string> expected;
  for (const std::string& name : golden_.param_names()) {
    if (name.starts_with("discriminator.")) {
      expected.push_back(name.substr(std::string("discriminator.").size()));
    }
  }
  EXPECT_EQ(discriminator_->named_parameters().keys(), expected);
}

TEST_P(DiscriminatorGolden, SeesTheTeachersFeatures) {
  const torch::NoGradGuard no_grad;
  const std::vector<at::Tensor> found = features(batch_.z_0);
  const std::vector<std::int64_t> channels = teacher_->settings().feature_channels();
  ASSERT_EQ(found.size(), channels.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    golden_.expect_close(found[k], "out/features_real_" + std::to_string(k));
    EXPECT_EQ(found[k].size(1), channels[k]);
  }
}

TEST_P(DiscriminatorGolden, JudgesRealAndMadeWithAPowerIterationEach) {
  const torch::NoGradGuard no_grad;
  golden_.expect_close(discriminator_(features(batch_.z_0), steps_, discriminator_->advance()), "out/logits_real");
  const at::Tensor x0 = student_x0();
  golden_.expect_close(x0, "out/x0_student");
  golden_.expect_close(discriminator_(features(x0), steps_, discriminator_->advance()), "out/logits_fake");
}

SAMSR_GOLDEN_SUITE(DiscriminatorGolden, golden_files("tadsr"));

/// Two levels, in float64.
LatentDiscriminator small_discriminator(std::int64_t kernel = 3) {
  torch::manual_seed(3);
  LatentDiscriminator made(DiscriminatorNetworkSettings{.c_dim = 2, .kernel = kernel},
                           std::vector<std::int64_t>{32, 64}, 8);
  made->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : made->named_parameters()) {
    if (parameter.key().starts_with("out_layers")) {
      parameter.value().normal_(0, 0.3);  // the 3×3 convolutions begin with zeros
    }
  }
  return made;
}

const std::vector<at::Tensor>& small_features() {
  static const std::vector<at::Tensor> features = [] {
    torch::manual_seed(4);
    return std::vector<at::Tensor>{torch::randn({2, 32, 4, 4}, torch::kDouble),
                                   torch::randn({2, 64, 2, 2}, torch::kDouble)};
  }();
  return features;
}

TEST(LatentDiscriminator, StartsIndifferentToWhatItSees) {
  torch::manual_seed(3);
  LatentDiscriminator fresh(DiscriminatorNetworkSettings{.c_dim = 2, .kernel = 3}, std::vector<std::int64_t>{32}, 8);
  const at::Tensor steps = torch::tensor({1}, torch::kLong);
  const auto logits = [&](double level) {
    const std::vector<at::Tensor> features{torch::randn({1, 32, 4, 4}) + level};
    return fresh(features, steps, fresh->vectors());
  };
  const at::Tensor first = logits(0);
  EXPECT_EQ(first.sizes(), at::IntArrayRef({1, 2 * 16}));
  EXPECT_TRUE(first.equal(logits(3)));
}

TEST(LatentDiscriminator, KnowsTheStepOfTheNoise) {
  LatentDiscriminator network = small_discriminator();
  const auto logits = [&](std::int64_t step) {
    return network(small_features(), torch::full({2}, step, torch::kLong), network->vectors());
  };
  EXPECT_FALSE(logits(0).allclose(logits(5)));
}

TEST(LatentDiscriminator, GradientsAgreeWithDifferences) {
  LatentDiscriminator network = small_discriminator();
  const at::Tensor steps = torch::tensor({0, 7}, torch::kLong);
  const auto vectors = network->advance();
  std::vector<at::Tensor> features;
  for (const at::Tensor& each : small_features()) {
    features.push_back(each.clone().requires_grad_());
  }
  const auto value = [&] { return network(features, steps, vectors).square().sum(); };
  std::vector<std::pair<std::string, at::Tensor>> checked{{"fine features", features[0]},
                                                          {"coarse features", features[1]}};
  for (auto& parameter : network->named_parameters()) {
    checked.emplace_back(parameter.key(), parameter.value());
  }
  testing::expect_gradients(value, checked, 1e-5, 1e-5);
}

TEST(LatentDiscriminator, RefusesWhatDoesNotFitItsFeatures) {
  const auto error = [](const DiscriminatorNetworkSettings& settings) {
    return testing::error_of([&] { settings.check_features({32, 64}, 16); });
  };
  EXPECT_NE(error({.groups = 5}).find("discriminator.groups is 5"), std::string::npos);
  EXPECT_NE(error({.kernel = 35}).find("the largest is 33"), std::string::npos);
  EXPECT_NO_THROW(DiscriminatorNetworkSettings{.kernel = 33}.check_features({32, 64}, 16));
}

TEST(SpectralConv, DividesByTheLargestSingularValue) {
  torch::manual_seed(1);
  SpectralConv conv(SpectralConvOptions{.in = 6, .out = 4, .kernel = 3, .dimensions = 1});
  SpectralVectors vectors = conv->vectors();
  for (int i = 0; i < 300; ++i) {
    vectors = conv->advance();
  }
  const torch::NoGradGuard no_grad;
  const at::Tensor weight = conv->named_parameters()["weight_orig"];
  const at::Tensor largest = std::get<1>(at::linalg_svd(weight.flatten(1)))[0];
  const at::Tensor x = torch::randn({2, 6, 7});
  const at::Tensor plain =
      at::conv1d(at::pad(x, {1, 1}, "circular"), weight / largest, conv->named_parameters()["bias"]);
  EXPECT_TRUE(conv(x, vectors).allclose(plain, 1e-4, 1e-5));
}

TEST(SpectralConv, KeepsItsVectorsWithItsWeights) {
  torch::manual_seed(1);
  SpectralConv conv(SpectralConvOptions{.in = 6, .out = 4, .kernel = 3, .dimensions = 1});
  const SpectralVectors before = conv->vectors();
  const SpectralVectors after = conv->advance();
  EXPECT_FALSE(before.u.equal(after.u));
  EXPECT_TRUE(conv->named_buffers()["weight_u"].equal(after.u));
  EXPECT_TRUE(conv->named_buffers()["weight_v"].equal(after.v));
  EXPECT_NEAR(after.u.norm().item<double>(), 1, 1e-6);
  const at::Tensor handed = after.u.clone();
  conv->advance();
  EXPECT_TRUE(after.u.equal(handed)) << "what a pass was given stays";
}

}  // namespace
}  // namespace samsr
