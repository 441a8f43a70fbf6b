#include "models/first_stage/first_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "models/weights/load_weights.h"
#include "support/golden.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

FirstStageSettings of_type(const std::string& type) {
  FirstStageSettings settings;
  settings.type = type;
  return settings;
}

FirstStageSettings small_vq() {
  FirstStageSettings settings = of_type("vq_f4");
  settings.autoencoder.n_embed = 64;
  settings.autoencoder.ddconfig.ch = 32;
  settings.autoencoder.ddconfig.num_res_blocks = 1;
  return settings;
}

std::string refusal_of(const FirstStageSettings& settings) {
  return testing::error_of([&] { make_first_stage(settings); });
}

TEST(FirstStage, SpaceToDepthIsLossless) {
  FirstStageSettings settings = of_type("space_to_depth");
  settings.scale_factor = 2;
  const auto stage = make_first_stage(settings);
  const at::Tensor image = torch::rand({2, 3, 16, 24}) * 2 - 1;
  const at::Tensor latent = stage->encode(image);
  EXPECT_EQ(latent.sizes(), at::IntArrayRef({2, 48, 4, 6}));
  EXPECT_EQ(stage->channels(), 48);
  EXPECT_EQ(settings.latent_channels(), 48);
  EXPECT_TRUE(stage->lossless());
  EXPECT_TRUE(stage->decode(latent).equal(image));
  EXPECT_TRUE(latent[0].max().equal(image[0].max() * 2));
}

TEST(FirstStage, NoneIsThePixelsThemselves) {
  const auto stage = make_first_stage(of_type("none"));
  const at::Tensor image = torch::randn({1, 3, 5, 7});
  EXPECT_TRUE(stage->encode(image).equal(image));
  EXPECT_EQ(stage->factor(), 1);
  EXPECT_EQ(stage->encode_lq(image, 4).sizes(), at::IntArrayRef({1, 3, 20, 28}));
  FirstStageSettings scaled = of_type("none");
  scaled.scale_factor = 2;
  EXPECT_THAT(refusal_of(scaled), HasSubstr("first_stage.scale_factor"));
}

TEST(FirstStage, EnlargesAsInterpolateDoes) {
  const at::Tensor image = torch::randn({1, 3, 5, 7});
  namespace F = torch::nn::functional;
  const at::Tensor expected = F::interpolate(
      image,
      F::InterpolateFuncOptions().scale_factor(std::vector<double>{4, 4}).mode(torch::kBicubic).align_corners(false));
  EXPECT_TRUE(enlarge_bicubic(image, 4).equal(expected));
}

TEST(FirstStage, VqSaysWhatItNeeds) {
  FirstStageSettings settings = of_type("vq_f4");
  EXPECT_THAT(refusal_of(settings), HasSubstr("first_stage.weights"));
  for (const char* missing : {"missing.pth", "missing.safetensors"}) {
    settings.weights = missing;
    EXPECT_THAT(refusal_of(settings), HasSubstr(missing));
  }
}

TEST(FirstStage, VqReadsItsWeightsAndPassesGradientsToTheLatent) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "vq.safetensors";
  FirstStageSettings settings = small_vq();
  settings.scale_factor = 0.5;
  VQModelTorch model(settings.autoencoder);
  testing::fill_by_rule(*model, 3);
  write_safetensors(path, state_of(*model));
  settings.weights = path.string();
  const auto stage = make_first_stage(settings);

  const at::Tensor image = torch::randn({1, 3, 16, 24});
  const at::Tensor latent = stage->encode(image);
  EXPECT_FALSE(latent.requires_grad());
  EXPECT_TRUE(latent.equal(model->encode(image) * 0.5));
  const at::Tensor leaf = latent.clone().requires_grad_(true);
  const at::Tensor decoded = stage->decode(leaf);
  EXPECT_TRUE(decoded.allclose(model->decode(latent / 0.5), 1e-3, 1e-4));
  decoded.sum().backward();
  EXPECT_GT(leaf.grad().abs().min().item<float>(), 0);
}

TEST(FirstStage, VqReadsFilesOfPyTorch) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "vq.pth";
  FirstStageSettings settings = small_vq();
  VQModelTorch model(settings.autoencoder);
  testing::fill_by_rule(*model, 3);
  torch::save(model, path.string());
  settings.weights = path.string();
  const auto stage = make_first_stage(settings);
  const at::Tensor image = torch::randn({1, 3, 16, 24});
  EXPECT_TRUE(stage->encode(image).equal(model->encode(image)));
}

TEST(VqAutoencoder, FindsTheNearestCodesOfMoreThanOnePart) {
  const torch::NoGradGuard no_grad;
  const FirstStageSettings settings = small_vq();
  VQModelTorch model(settings.autoencoder);
  const at::Tensor latent = torch::randn({2, 3, 64, 72});
  const auto quantized = model->quantize(latent);
  const at::Tensor codes = model->named_parameters()["quantize.embedding.weight"];
  const at::Tensor pixels = latent.permute({0, 2, 3, 1}).reshape({-1, 3});
  const at::Tensor chosen = (pixels - codes.index_select(0, quantized.indices)).square().sum(1);
  const at::Tensor best = std::get<0>(at::cdist(pixels, codes).square().min(1));
  EXPECT_TRUE(chosen.allclose(best, 1e-4, 1e-4));
}

}  // namespace
}  // namespace samsr
