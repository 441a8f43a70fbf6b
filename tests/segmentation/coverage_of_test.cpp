#include "segmentation/coverage_of.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "degradation/convert.h"
#include "degradation/resize.h"

namespace samsr {
namespace {

/// Two masks for each picture with red above 100 in its corner: the left half, and the pixels with even columns. None
/// for others.
class HalfMasks final : public MaskSource {
 public:
  std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) override {
    std::vector<at::Tensor> all;
    for (const cv::Mat& image : images) {
      const at::Tensor masks =
          at::zeros({image.at<cv::Vec3b>(0, 0)[0] > 100 ? 2 : 0, image.rows, image.cols}, at::kByte);
      if (masks.size(0) > 0) {
        masks[0].slice(1, 0, image.cols / 2).fill_(1);
        masks[1].slice(1, 0, image.cols, 2).fill_(1);
      }
      all.push_back(masks);
    }
    return all;
  }
};

TEST(EnlargedForMasks, IsTheInterpolationOfTraining) {
  cv::Mat lr(5, 7, CV_8UC3);
  cv::randu(lr, 0, 256);
  const cv::Mat enlarged = enlarged_for_masks(lr, 3);
  ASSERT_EQ(enlarged.size(), cv::Size(21, 15));
  const cv::Mat expected = to_bytes(resize_to(to_unit(lr), {21, 15}, ResizeMode::kBicubic));
  EXPECT_EQ(cv::norm(enlarged, expected, cv::NORM_INF), 0);
  EXPECT_EQ(enlarged_for_masks(lr, 1).data, lr.data);
}

TEST(CoverageOf, CountsTheMasksOverEachPixel) {
  HalfMasks source;
  const cv::Mat bright(6, 12, CV_8UC3, cv::Scalar(200, 0, 0));
  const cv::Mat dark(3, 6, CV_8UC3, cv::Scalar(10, 0, 0));
  const std::vector<PictureMasks> found = coverage_of({bright, dark}, 3, source, 0.5);
  ASSERT_EQ(found.size(), 2U);
  // Every other window of three columns holds two even ones.
  EXPECT_TRUE(at::equal(found[0].coverage, at::tensor({2, 1, 1, 0}, at::kByte).expand({2, 4})));
  EXPECT_EQ(found[0].masks.sizes(), at::IntArrayRef({2, 6, 12}));
  EXPECT_TRUE(found[0].coverage.is_contiguous());
  EXPECT_TRUE(at::equal(found[1].coverage, at::zeros({1, 2}, at::kByte)));
  EXPECT_EQ(found[1].masks.size(0), 0);
}

TEST(CoverageOf, AMaskCountsAboveTheThreshold) {
  HalfMasks source;
  const cv::Mat bright(4, 4, CV_8UC3, cv::Scalar(200, 0, 0));
  const auto counts = [&](double threshold) { return coverage_of({bright}, 2, source, threshold)[0].coverage; };
  EXPECT_TRUE(at::equal(counts(0.5), at::tensor({1, 0}, at::kByte).expand({2, 2})));
  EXPECT_TRUE(at::equal(counts(0.4), at::tensor({2, 1}, at::kByte).expand({2, 2})));
}

TEST(CoverageOf, RefusesSidesThatAreNoMultiples) {
  HalfMasks source;
  EXPECT_THROW(coverage_of({cv::Mat(6, 7, CV_8UC3, cv::Scalar())}, 3, source, 0.5), cv::Exception);
}

}  // namespace
}  // namespace samsr
