#include "segmentation/automatic/automatic_masks.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "segmentation/automatic/crop_layout.h"
#include "segmentation/automatic/mask_upscaler.h"
#include "segmentation/automatic/small_regions.h"
#include "segmentation/automatic_masks_fixtures.h"
#include "segmentation/sam/frame.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace samsr {
namespace {

using testing::Golden;
using testing::picture_of;

/// Answers points with recorded logits, in the order in which they are asked.
class RecordedDecoder final : public PointDecoder {
 public:
  RecordedDecoder(std::int64_t side, torch::Tensor logits, torch::Tensor iou)
      : side_(side), logits_(logits.to(torch::kFloat)), iou_(iou.to(torch::kFloat)) {}

  std::int64_t input_side() const override { return side_; }
  void set_images(const std::vector<cv::Mat>&) override {}

  PointMasks decode_in(std::size_t, const at::Tensor& points, std::optional<double> min_iou) override {
    const torch::Tensor iou = iou_.slice(0, asked_, asked_ + points.size(0));
    const torch::Tensor logits = logits_.slice(0, asked_, asked_ + points.size(0));
    asked_ += points.size(0);
    const torch::Tensor kept = (min_iou ? iou > *min_iou : iou == iou).nonzero();
    const torch::Tensor point = kept.select(1, 0).contiguous();
    const torch::Tensor mask = kept.select(1, 1).contiguous();
    return {point, mask, iou.index({point, mask}), logits.index({point, mask})};
  }

  std::int64_t asked() const { return asked_; }

 private:
  const std::int64_t side_;
  const torch::Tensor logits_;
  const torch::Tensor iou_;
  std::int64_t asked_ = 0;
};

class AutomaticMasksGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(AutomaticMasksGolden, FindsTheSameMasks) {
  const Golden golden(GetParam());
  RecordedDecoder decoder(golden.config()["img_size"].as<std::int64_t>(), golden.read("in/low_res_logits"),
                          golden.read("in/iou"));
  const cv::Mat image = picture_of(golden.read("in/image"));
  const std::vector<AutomaticMask> masks =
      generate_masks({image}, testing::automatic_settings(golden.config()["amg"]), decoder).front();
  EXPECT_EQ(decoder.asked(), golden.read("in/iou").size(0));

  ASSERT_EQ(static_cast<std::int64_t>(masks.size()), golden.read("out/num_masks").item<std::int64_t>());
  std::vector<BitMask> bits;
  std::vector<double> area, box, crop, point, iou, stability;
  for (const AutomaticMask& mask : masks) {
    bits.push_back(mask.mask);
    area.push_back(static_cast<double>(mask.mask.area()));
    for (const int side :
         {mask.box.left, mask.box.top, mask.box.right - mask.box.left, mask.box.bottom - mask.box.top}) {
      box.push_back(side);
    }
    for (const int side : {mask.crop.x, mask.crop.y, mask.crop.width, mask.crop.height}) {
      crop.push_back(side);
    }
    point.insert(point.end(), {mask.point.x, mask.point.y});
    iou.push_back(mask.predicted_iou);
    stability.push_back(mask.stability_score);
  }
  const torch::Tensor stacked = stack_masks(bits, image.size());
  golden.expect_close(stacked, "out/masks");
  golden.expect_close(stacked.sum(0, false, torch::kInt), "out/coverage");
  golden.expect_close(torch::tensor(area, torch::kDouble), "out/area");
  golden.expect_close(torch::tensor(box, torch::kDouble).view({-1, 4}), "out/bbox");
  golden.expect_close(torch::tensor(crop, torch::kDouble).view({-1, 4}), "out/crop_box");
  golden.expect_close(torch::tensor(point, torch::kDouble).view({-1, 2}), "out/point");
  golden.expect_close(torch::tensor(iou, torch::kDouble), "out/predicted_iou");
  golden.expect_close(torch::tensor(stability, torch::kDouble), "out/stability_score");
}

SAMSR_GOLDEN_SUITE(AutomaticMasksGolden, testing::golden_files("sam_amg"));

TEST(MaskUpscaler, EqualsTheTwoResizings) {
  namespace F = torch::nn::functional;
  torch::manual_seed(2);
  for (const auto& [low, width, height] :
       {std::tuple{64, 200, 150}, {64, 256, 256}, {64, 3, 500}, {32, 1000, 730}, {8, 1, 1}, {256, 64, 40}}) {
    const std::int64_t side = 4 * low;
    const torch::Tensor logits = torch::randn({low, low});
    const cv::Size part = SamFrame({width, height}, side).scaled;
    const auto bilinear = [](const torch::Tensor& x, std::int64_t h, std::int64_t w) {
      return F::interpolate(x, F::InterpolateFuncOptions()
                                   .size(std::vector<std::int64_t>{h, w})
                                   .mode(torch::kBilinear)
                                   .align_corners(false));
    };
    const torch::Tensor large =
        bilinear(logits.view({1, 1, low, low}), side, side).slice(2, 0, part.height).slice(3, 0, part.width);
    const torch::Tensor expected = bilinear(large, height, width)[0][0];

    torch::Tensor actual = torch::empty({height, width});
    MaskUpscaler(low, side, {width, height}).upscale(logits.data_ptr<float>(), [&](int y, const float* row) {
      std::copy_n(row, width, actual[y].data_ptr<float>());
    });
    EXPECT_LT((actual - expected).abs().max().item<double>(), 1e-5) << width << "x" << height;
  }
}

TEST(SuppressBoxes, KeepsTheBestOfWhatOverlaps) {
  const std::vector<MaskBox> boxes{{0, 0, 10, 10}, {1, 0, 11, 10}, {20, 20, 30, 30}, {5, 5, 5, 5}, {5, 5, 5, 5}};
  EXPECT_EQ(suppress_boxes(boxes, {0.5F, 0.9F, 0.7F, 0.1F, 0.2F}, 0.7), (std::vector<std::size_t>{1, 2, 4, 3}));
  EXPECT_EQ(suppress_boxes(boxes, {0.5F, 0.9F, 0.7F, 0.1F, 0.2F}, 0.95), (std::vector<std::size_t>{1, 2, 0, 4, 3}));
}

TEST(SmallRegions, FillsHolesAndRemovesIslands) {
  cv::Mat mask = cv::Mat::zeros(40, 40, CV_8UC1);
  mask(cv::Rect(5, 5, 20, 20)) = 1;
  const cv::Mat square = mask.clone();
  mask(cv::Rect(10, 10, 3, 3)) = 0;
  mask(cv::Rect(32, 32, 2, 2)) = 1;
  EXPECT_TRUE(clean_small_regions(mask, 12));
  EXPECT_EQ(cv::norm(mask, square), 0);
  EXPECT_FALSE(clean_small_regions(mask, 12));
}

TEST(SmallRegions, TheLargestIslandStays) {
  cv::Mat mask = cv::Mat::zeros(20, 20, CV_8UC1);
  mask(cv::Rect(1, 1, 2, 2)) = 1;
  mask(cv::Rect(10, 10, 3, 3)) = 1;
  EXPECT_TRUE(clean_small_regions(mask, 50));
  EXPECT_EQ(cv::countNonZero(mask), 9);
}

TEST(CropLayout, LayersCoverTheImage) {
  const std::vector<ImageCrop> crops = lay_out_crops({300, 200}, 2, 512.0 / 1500);
  ASSERT_EQ(crops.size(), 1U + 4U + 16U);
  for (int layer = 0; layer <= 2; ++layer) {
    cv::Mat seen = cv::Mat::zeros(200, 300, CV_8UC1);
    for (const ImageCrop& crop : crops) {
      if (crop.layer == layer) {
        seen(crop.rect) = 1;
      }
    }
    EXPECT_EQ(cv::countNonZero(seen), 300 * 200) << layer;
  }
}

TEST(AutomaticMaskSettings, RefuseCropsWithoutPoints) {
  AutomaticMaskSettings settings;
  settings.points_per_side = 4;
  settings.crop_n_layers = 2;
  settings.crop_n_points_downscale_factor = 3;
  EXPECT_THROW(settings.check(), UserError);
}

}  // namespace
}  // namespace samsr
