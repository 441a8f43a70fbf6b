#include <gtest/gtest.h>
#include <torch/torch.h>

#include "segmentation/sam/point_decoder.h"
#include "segmentation/sam_fixtures.h"
#include "segmentation/sam_predictor.h"

namespace samsr::testing {
namespace {

constexpr double kRounding = 1e-4;

SamArchitecture tiny_architecture() {
  SamArchitecture sizes;
  sizes.img_size = 256;
  sizes.embed_dim = 64;
  sizes.depth = 4;
  sizes.num_heads = 4;
  sizes.global_attn_indexes = {1, 3};
  sizes.window_size = 5;
  sizes.prompt_dim = 64;
  sizes.decoder_mlp_dim = 128;
  sizes.decoder_heads = 4;
  sizes.iou_hidden = 64;
  return sizes;
}

struct Case {
  std::string name;
  SamArchitecture sizes;
  cv::Size picture;
};

/// Points spread over a picture, and what the plain predictor says of them.
class SamPointDecoderOf : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    predictor_.set_image(picture_);
    torch::manual_seed(3);
    points_ = torch::rand({kPoints, 2}) *
              torch::tensor({static_cast<float>(picture_.cols), static_cast<float>(picture_.rows)});
    SamPrompts prompts;
    prompts.points = points_.unsqueeze(1);
    prompts.labels = torch::ones({kPoints, 1}, torch::kInt64);
    expected_ = predictor_.predict(prompts, true);
  }

  static double worst(const at::Tensor& actual, const at::Tensor& expected) {
    return ((actual.cpu() - expected.cpu()).abs() / (expected.cpu().abs() + 1)).max().item<double>();
  }

  static constexpr std::int64_t kPoints = 11;
  const cv::Mat picture_ = scrambled_picture(GetParam().picture.width, GetParam().picture.height);
  const std::shared_ptr<SamNetwork> network_ = seeded_sam(GetParam().sizes, 5);
  SamPredictor predictor_{network_};
  at::Tensor points_;
  SamMasks expected_;
};

TEST_P(SamPointDecoderOf, AllMasksAreThoseOfThePredictor) {
  SamPointDecoder decoder(network_, 4);
  decoder.set_image(picture_);
  const PointMasks masks = decoder.decode(points_, {});
  ASSERT_EQ(masks.point.size(0), 3 * kPoints);
  EXPECT_TRUE(masks.point.equal(torch::arange(kPoints).repeat_interleave(3)));
  EXPECT_TRUE(masks.mask.equal(torch::arange(3).repeat({kPoints})));
  EXPECT_LE(worst(masks.iou, expected_.iou.flatten()), kRounding);
  EXPECT_LE(worst(masks.logits, expected_.logits.flatten(0, 1)), kRounding);
}

TEST_P(SamPointDecoderOf, OnlyMasksAboveTheThresholdAreMade) {
  SamPointDecoder decoder(network_, 4);
  decoder.set_image(picture_);
  const double threshold = expected_.iou.median().item<double>() + 1e-3;
  const at::Tensor wanted = expected_.iou.gt(threshold).nonzero();
  ASSERT_GT(wanted.size(0), 0);
  ASSERT_LT(wanted.size(0), 3 * kPoints);
  const PointMasks masks = decoder.decode(points_, threshold);
  ASSERT_TRUE(masks.point.equal(wanted.select(1, 0)));
  ASSERT_TRUE(masks.mask.equal(wanted.select(1, 1)));
  EXPECT_LE(worst(masks.iou, expected_.iou.index({masks.point, masks.mask})), kRounding);
  EXPECT_LE(worst(masks.logits, expected_.logits.index({masks.point, masks.mask})), kRounding);
}

TEST_P(SamPointDecoderOf, NoMaskAboveTheThresholdAndNoPointGiveNone) {
  SamPointDecoder decoder(network_);
  decoder.set_image(picture_);
  const std::int64_t side = network_->sizes.low_res_side();
  for (const PointMasks& masks : {decoder.decode(points_, 1e6), decoder.decode(torch::empty({0, 2}), {})}) {
    EXPECT_EQ(masks.point.size(0), 0);
    EXPECT_EQ(masks.mask.size(0), 0);
    EXPECT_EQ(masks.iou.size(0), 0);
    EXPECT_EQ(masks.logits.sizes().vec(), (std::vector<std::int64_t>{0, side, side}));
  }
}

TEST_P(SamPointDecoderOf, NeitherBatchesNorThreadsMatter) {
  SamPointDecoder together(network_);
  SamPointDecoder apart(network_, 1);
  together.set_image(picture_);
  apart.set_image(picture_);
  const PointMasks a = together.decode(points_, {});
  const PointMasks b = apart.decode(points_, {});
  EXPECT_LE(worst(a.logits, b.logits), kRounding);
  const int threads = at::get_num_threads();
  at::set_num_threads(threads == 1 ? 2 : 1);
  const PointMasks c = together.decode(points_, {});
  at::set_num_threads(threads);
  EXPECT_LE(worst(a.logits, c.logits), kRounding);
}

TEST_P(SamPointDecoderOf, Bfloat16IsNear) {
  network_->set_precision(at::kBFloat16);
  SamPointDecoder decoder(network_);
  decoder.set_image(picture_);
  const PointMasks masks = decoder.decode(points_, {});
  EXPECT_EQ(masks.logits.scalar_type(), at::kFloat);
  const at::Tensor all = expected_.logits.flatten(0, 1);
  EXPECT_LE((masks.logits.cpu() - all).abs().mean().item<double>(), 0.03 * all.abs().mean().item<double>() + 0.02);
  EXPECT_LE((masks.iou - expected_.iou.flatten()).abs().max().item<double>(), 0.1);
}

TEST_P(SamPointDecoderOf, ImagesEncodedTogetherAnswerAsAlone) {
  const cv::Mat other = scrambled_picture(GetParam().picture.height + 3, GetParam().picture.width);
  SamPointDecoder decoder(network_, 64, 2);
  decoder.set_images({other, picture_, other});
  EXPECT_LT(worst(decoder.decode_in(1, points_, {}).logits, expected_.logits.flatten(0, 1)), kRounding);
  const at::Tensor of_other = decoder.decode_in(2, points_, {}).logits;
  EXPECT_LT(worst(decoder.decode_in(0, points_, {}).logits, of_other), kRounding);
  EXPECT_GT(worst(of_other, expected_.logits.flatten(0, 1)), kRounding);
  EXPECT_THROW(decoder.decode_in(3, points_, {}), c10::Error);
}

INSTANTIATE_TEST_SUITE_P(Networks, SamPointDecoderOf,
                         ::testing::Values(Case{"tiny", tiny_architecture(), {200, 150}},
                                           Case{"odd", odd_architecture(), {61, 300}}),
                         [](const auto& each) { return each.param.name; });

TEST(SamPointDecoder, WantsAnImageFirst) {
  SamPointDecoder decoder(seeded_sam(odd_architecture()));
  EXPECT_EQ(decoder.input_side(), 112);
  EXPECT_THROW(decoder.decode(torch::zeros({1, 2}), {}), c10::Error);
}

}  // namespace
}  // namespace samsr::testing
