#include "train/recipes/decoding.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/device.h"

namespace samsr {
namespace {

TEST(DecodeLatents, InPiecesGivesTheSameImagesAndGradients) {
  FirstStageSettings settings;
  settings.autoencoder.n_embed = 32;
  settings.autoencoder.ddconfig.ch = 32;
  settings.autoencoder.ddconfig.num_res_blocks = 1;
  torch::manual_seed(3);
  const auto first_stage = make_vq_first_stage(VQModelTorch(settings.autoencoder), settings);
  first_stage->to(testing::device());
  const at::Tensor latents = testing::placed(torch::randn({3, 3, 8, 8}));
  const auto decoded = [&](const Decoding& decoding) {
    const at::Tensor leaf = latents.clone().requires_grad_();
    const at::Tensor images = decode_latents(*first_stage, leaf, decoding);
    images.square().sum().backward();
    return std::pair(images.detach(), leaf.grad());
  };
  for (const bool quantised : {true, false}) {
    const auto [images, gradient] = decoded({.quantised = quantised});
    const auto [pieces, gradient_of_pieces] = decoded({.quantised = quantised, .recomputed = true});
    EXPECT_EQ(images.sizes(), at::IntArrayRef({3, 3, 32, 32}));
    EXPECT_TRUE(pieces.allclose(images, 1e-4, 1e-5));
    EXPECT_TRUE(gradient_of_pieces.allclose(gradient, 1e-3, 1e-4 * gradient.abs().max().item<double>()));
    EXPECT_GT(gradient.abs().max().item<float>(), 0);
  }
}

}  // namespace
}  // namespace samsr
