// Real-ESRGAN's discriminator by its definition (basicsr's UNetDiscriminatorSN), written anew with LibTorch's
// operators.

#include "models/discriminators/unet_discriminator.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "models/directional_differences.h"

namespace samsr {
namespace {

constexpr std::int64_t kChannels = 4;

UNetDiscriminator small_unet_discriminator() {
  torch::manual_seed(5);
  UNetDiscriminator made(kChannels);
  made->to(torch::kDouble);
  return made;
}

at::Tensor small_pictures() {
  torch::manual_seed(6);
  return torch::rand({2, 3, 16, 24}, torch::kDouble) * 2 - 1;
}

TEST(UNetDiscriminator, HasTheOfficialParameterNames) {
  UNetDiscriminator network(kChannels);
  const auto names = network->named_parameters().keys();
  std::set<std::string> expected{"conv0.weight", "conv0.bias", "conv9.weight", "conv9.bias"};
  for (int i = 1; i <= 8; ++i) {
    expected.insert("conv" + std::to_string(i) + ".weight_orig");
  }
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
  std::int64_t weights = 0;
  for (const at::Tensor& each : UNetDiscriminator(64)->parameters()) {
    weights += each.numel();
  }
  EXPECT_EQ(weights, 4'376'897) << "as published";
}

TEST(UNetDiscriminator, IsThePublishedNetwork) {
  const torch::NoGradGuard no_grad;
  UNetDiscriminator network = small_unet_discriminator();
  std::vector<SpectralVectors> vectors;
  for (int i = 0; i < 500; ++i) {
    vectors = network->advance();
  }
  std::map<std::string, at::Tensor> weight;
  for (const auto& item : network->named_parameters()) {
    const at::Tensor& found = item.value();
    weight[item.key()] =
        item.key().ends_with("weight_orig") ? found / std::get<1>(at::linalg_svd(found.flatten(1)))[0] : found;
  }
  const auto conv_of = [&](int i, const at::Tensor& x, std::int64_t stride) {
    return at::leaky_relu(at::conv2d(x, weight["conv" + std::to_string(i) + ".weight_orig"], {},
                                     at::IntArrayRef(stride), at::IntArrayRef(std::int64_t{1})),
                          0.2);
  };
  const auto doubled = [](const at::Tensor& x) {
    return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, false);
  };
  const std::int64_t once = 1;
  const at::IntArrayRef one(once);
  const at::Tensor pictures = small_pictures();
  const at::Tensor x0 =
      at::leaky_relu(at::conv2d(pictures, weight["conv0.weight"], weight["conv0.bias"], one, one), 0.2);
  const at::Tensor x1 = conv_of(1, x0, 2);
  const at::Tensor x2 = conv_of(2, x1, 2);
  const at::Tensor x3 = conv_of(3, x2, 2);
  const at::Tensor x4 = conv_of(4, doubled(x3), 1) + x2;
  const at::Tensor x5 = conv_of(5, doubled(x4), 1) + x1;
  const at::Tensor x6 = conv_of(6, doubled(x5), 1) + x0;
  const at::Tensor expected =
      at::conv2d(conv_of(8, conv_of(7, x6, 1), 1), weight["conv9.weight"], weight["conv9.bias"], one, one);
  const at::Tensor found = network->forward({pictures}, {}, vectors);
  EXPECT_EQ(found.sizes(), at::IntArrayRef({2, 16 * 24}));
  EXPECT_TRUE(found.allclose(expected.flatten(1), 1e-6, 1e-9));
}

TEST(UNetDiscriminator, GradientsAgreeWithDifferences) {
  UNetDiscriminator network = small_unet_discriminator();
  const auto vectors = network->advance();
  at::Tensor pictures = small_pictures().requires_grad_();
  const auto value = [&] { return network->forward({pictures}, {}, vectors).square().sum(); };
  std::vector<std::pair<std::string, at::Tensor>> checked{{"pictures", pictures}};
  for (auto& parameter : network->named_parameters()) {
    checked.emplace_back(parameter.key(), parameter.value());
  }
  testing::expect_gradients(value, checked, 1e-6, 1e-4);
}

}  // namespace
}  // namespace samsr
