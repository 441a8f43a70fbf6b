#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/rng.h"
#include "diffusion/coverage.h"
#include "segmentation/graph/graph_masks.h"
#include "segmentation/graph/graph_segmentation.h"

namespace samsr {
namespace {

/// A blue disc with a yellow square in it on a green ground, slightly grainy.
cv::Mat make_scene(int side) {
  cv::Mat scene(side, side, CV_8UC3, cv::Scalar(40, 130, 50));
  cv::circle(scene, {side / 2, side / 2}, side / 4, cv::Scalar(30, 40, 190), cv::FILLED);
  cv::rectangle(scene, cv::Rect(side / 2 - side / 12, side / 2 - side / 12, side / 6, side / 6),
                cv::Scalar(230, 220, 40), cv::FILLED);
  Rng rng(4, "scene");
  for (cv::Vec3b& pixel : cv::Mat_<cv::Vec3b>(scene)) {
    for (int c = 0; c < 3; ++c) {
      pixel[c] = cv::saturate_cast<uchar>(pixel[c] + 2 * rng.normal());
    }
  }
  return scene;
}

TEST(SegmentGraph, FindsTheThreePartsOfAScene) {
  // Unblurred: a blurred edge is wide enough to be a part of its own.
  const Segments segments = segment_graph(make_scene(64), 0, {{1000, 20}}).front();
  ASSERT_EQ(segments.area.size(), 3U);
  EXPECT_EQ(segments.area[0] + segments.area[1] + segments.area[2], 64 * 64);
  EXPECT_EQ(segments.labels.at<std::int32_t>(0, 0), 0);
  EXPECT_EQ(segments.labels.at<std::int32_t>(63, 63), 0);
  EXPECT_NE(segments.labels.at<std::int32_t>(20, 32), segments.labels.at<std::int32_t>(32, 32));
  EXPECT_EQ(cv::countNonZero(segments.labels == 0), segments.area[0]);
}

TEST(SegmentGraph, NoSegmentIsBelowTheSmallestSize) {
  Rng rng(2, "grain");
  cv::Mat grain(40, 50, CV_8UC3);
  for (cv::Vec3b& pixel : cv::Mat_<cv::Vec3b>(grain)) {
    pixel = cv::Vec3b(static_cast<uchar>(rng.below(256)), static_cast<uchar>(rng.below(256)),
                      static_cast<uchar>(rng.below(256)));
  }
  for (const Segments& segments : segment_graph(grain, 0, {{1, 1}, {1, 30}, {500, 60}})) {
    EXPECT_EQ(std::accumulate(segments.area.begin(), segments.area.end(), 0), 40 * 50);
  }
  const Segments coarse = segment_graph(grain, 0, {{1, 30}}).front();
  EXPECT_GE(*std::min_element(coarse.area.begin(), coarse.area.end()), 30);
}

TEST(SegmentGraph, EachScaleIsWhatItIsAlone) {
  const cv::Mat scene = make_scene(48);
  const std::vector<Segments> both = segment_graph(scene, 0.5, {{20, 5}, {400, 20}});
  const Segments alone = segment_graph(scene, 0.5, {{400, 20}}).front();
  EXPECT_EQ(cv::norm(both[1].labels, alone.labels, cv::NORM_INF), 0);
}

TEST(GraphMasks, CoverageCountsTheNestingAndLeavesTheGroundOut) {
  const MaskSettings settings;
  const torch::Tensor masks = graph_masks(make_scene(256), settings);
  ASSERT_EQ(masks.sizes().slice(1).vec(), (std::vector<std::int64_t>{256, 256}));
  ASSERT_EQ(masks.scalar_type(), torch::kByte);
  EXPECT_LE(masks.max().item<int>(), 1);
  const torch::Tensor counts = coverage(pool_masks(masks, 4, settings.pool_threshold));
  EXPECT_EQ(counts[2][2].item<int>(), 0);
  EXPECT_GE(counts[20][32].item<int>(), 1);
  EXPECT_GE(counts[32][32].item<int>(), 1);
}

TEST(GraphMasks, AFlatPictureHasNone) {
  const cv::Mat flat(64, 80, CV_8UC3, cv::Scalar(10, 20, 30));
  EXPECT_EQ(graph_masks(flat, {}).sizes().vec(), (std::vector<std::int64_t>{0, 64, 80}));
}

TEST(GraphMasks, ASegmentFoundAtSeveralScalesIsOneMask) {
  MaskSettings settings;
  settings.graph_k = {300, 300, 300};
  settings.graph_min_size = {20, 20, 20};
  MaskSettings single = settings;
  single.graph_k = {300};
  single.graph_min_size = {20};
  const cv::Mat scene = make_scene(256);
  EXPECT_TRUE(torch::equal(graph_masks(scene, settings), graph_masks(scene, single)));
}

TEST(GraphMasks, AnySizeAndAnyNumberOfThreadsGiveTheSame) {
  for (const cv::Size size : {cv::Size(256, 256), cv::Size(131, 77), cv::Size(3, 2)}) {
    cv::Mat scene;
    cv::resize(make_scene(256), scene, size);
    const int threads = cv::getNumThreads();
    cv::setNumThreads(1);
    const torch::Tensor alone = graph_masks(scene, {});
    cv::setNumThreads(4);
    EXPECT_TRUE(torch::equal(graph_masks(scene, {}), alone)) << size;
    cv::setNumThreads(threads);
    EXPECT_EQ(alone.sizes().slice(1).vec(), (std::vector<std::int64_t>{size.height, size.width}));
  }
}

}  // namespace
}  // namespace samsr
