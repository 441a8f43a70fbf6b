#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/weights/load_weights.h"
#include "segmentation/sam/network.h"
#include "segmentation/sam/relative_attention.h"
#include "segmentation/sam_fixtures.h"
#include "segmentation/sam_predictor.h"
#include "support/device.h"
#include "support/user_error.h"

namespace samsr::testing {
namespace {

using ::testing::HasSubstr;

/// As relative_attention.h says, score by score.
at::Tensor attended_by_definition(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                  const at::Tensor& table_h, const at::Tensor& table_w) {
  const std::int64_t h = q.size(1);
  const std::int64_t w = q.size(2);
  const auto flat = [&](const at::Tensor& x) { return x.reshape({x.size(0), h * w, x.size(3)}); };
  at::Tensor scores = flat(q).bmm(flat(k).transpose(1, 2)) / std::sqrt(static_cast<double>(q.size(3)));
  for (std::int64_t a = 0; a < h * w; ++a) {
    for (std::int64_t b = 0; b < h * w; ++b) {
      const at::Tensor bias = table_h[a / w - b / w + h - 1] + table_w[a % w - b % w + w - 1];
      scores.select(1, a).select(1, b).add_((flat(q).select(1, a) * bias).sum(-1));
    }
  }
  return scores.softmax(-1).bmm(flat(v)).view(q.sizes());
}

TEST(RelativeAttention, IsItsDefinition) {
  torch::manual_seed(1);
  const auto random = [](at::IntArrayRef shape) { return placed(torch::randn(shape)); };
  const at::Tensor q = random({3, 4, 5, 6});
  const at::Tensor k = random({3, 4, 5, 6});
  const at::Tensor v = random({3, 4, 5, 6});
  const at::Tensor table_h = random({7, 6});
  const at::Tensor table_w = random({9, 6});
  EXPECT_TRUE(attend_with_relative_positions(q, k, v, table_h, table_w)
                  .allclose(attended_by_definition(q, k, v, table_h, table_w), 1e-4, 1e-5));
}

TEST(RelativeAttention, BlocksOfQueriesMakeNoDifference) {
  torch::manual_seed(2);
  // More scores than are held at a time, in blocks of which the last is smaller.
  const at::Tensor q = placed(torch::randn({1, 35, 30, 4}));
  const at::Tensor k = placed(torch::randn({1, 35, 30, 4}));
  const at::Tensor v = placed(torch::randn({1, 35, 30, 4}));
  const at::Tensor none_h = placed(torch::zeros({69, 4}));
  const at::Tensor none_w = placed(torch::zeros({59, 4}));
  const auto flat = [](const at::Tensor& x) { return x.view({1, 1, 35 * 30, 4}); };
  EXPECT_TRUE(attend_with_relative_positions(q, k, v, none_h, none_w)
                  .allclose(at::scaled_dot_product_attention(flat(q), flat(k), flat(v)).view(q.sizes()), 1e-4, 1e-5));
}

TEST(SamNetwork, ReleasedNetworksAreRecognisedByTheirTensors) {
  for (const char* name : {"vit_b", "vit_l", "vit_h"}) {
    const SamArchitecture sizes = sam_architecture(name);
    TensorFile file;
    file.tensors.emplace_back("image_encoder.patch_embed.proj.weight",
                              torch::empty({sizes.embed_dim, 3, 16, 16}, torch::kMeta));
    for (std::int64_t i = 0; i < sizes.depth; ++i) {
      file.tensors.emplace_back(fmt::format("image_encoder.blocks.{}.attn.qkv.weight", i),
                                torch::empty({1}, torch::kMeta));
    }
    EXPECT_EQ(recognise_sam(file, "file"), name);
  }
  EXPECT_THROW(sam_architecture("vit_g"), std::invalid_argument);
}

TEST(SamNetwork, OtherWeightsAreRefusedByName) {
  const TensorFile tiny = state_of(*seeded_sam(odd_architecture()));
  EXPECT_THAT(error_of([&] { make_sam(tiny, "odd.pth"); }),
              ::testing::AllOf(HasSubstr("odd.pth"), HasSubstr("3 blocks of width 24")));
  EXPECT_THAT(error_of([] { make_sam({}, "empty.pth"); }), HasSubstr("empty.pth"));
}

TEST(SamNetwork, AReleasedNetworkComesBackFromItsWeights) {
  TensorFile file = state_of(SamNetwork(sam_architecture("vit_b")));
  const auto network = make_sam(file, "vit_b.pth", at::kCPU, at::kBFloat16);
  EXPECT_EQ(network->sizes.depth, 12);
  EXPECT_EQ(network->precision(), at::kBFloat16);
  EXPECT_EQ(network->mask_decoder->mask_tokens->weight.scalar_type(), at::kFloat);
  const at::Tensor given = file.tensors.back().second;
  EXPECT_TRUE(network->prompt_encoder->named_buffers().begin()->value().equal(given));
  file.tensors.erase(file.tensors.begin());
  EXPECT_THAT(error_of([&] { make_sam(file, "vit_b.pth"); }), HasSubstr("missing"));
}

class SamPrompting : public ::testing::Test {
 protected:
  SamPrompting() { predictor_.set_image(scrambled_picture(50, 40)); }
  SamPrompts point(std::int64_t label) const {
    SamPrompts prompts;
    prompts.points = torch::tensor({20.0F, 30.0F}).view({1, 1, 2});
    prompts.labels = torch::full({1, 1}, label, torch::kInt64);
    return prompts;
  }
  SamPredictor predictor_{seeded_sam(odd_architecture())};
};

TEST_F(SamPrompting, EveryKindOfPromptHasItsSay) {
  const SamMasks foreground = predictor_.predict(point(1), true);
  EXPECT_EQ(foreground.logits.sizes().vec(), (std::vector<std::int64_t>{1, 3, 28, 28}));
  EXPECT_EQ(foreground.iou.sizes().vec(), (std::vector<std::int64_t>{1, 3}));
  EXPECT_FALSE(predictor_.predict(point(0), true).logits.allclose(foreground.logits));

  SamPrompts with_box = point(1);
  with_box.boxes = torch::tensor({5.0F, 6.0F, 30.0F, 35.0F}).view({1, 4});
  EXPECT_FALSE(predictor_.predict(with_box, true).logits.allclose(foreground.logits));

  SamPrompts with_mask = point(1);
  with_mask.masks = torch::ones({1, 1, 28, 28});
  EXPECT_FALSE(predictor_.predict(with_mask, true).logits.allclose(foreground.logits));

  SamPrompts mask_alone;
  mask_alone.masks = torch::ones({2, 1, 28, 28});
  EXPECT_EQ(predictor_.predict(mask_alone, false).logits.sizes().vec(), (std::vector<std::int64_t>{2, 1, 28, 28}));
}

TEST_F(SamPrompting, AnEmptyQuestionIsRefused) {
  EXPECT_THROW(predictor_.predict({}, true), c10::Error);
  SamPrompts unlabelled = point(1);
  unlabelled.labels = at::Tensor();
  EXPECT_THROW(predictor_.predict(unlabelled, true), c10::Error);
}

}  // namespace
}  // namespace samsr::testing
