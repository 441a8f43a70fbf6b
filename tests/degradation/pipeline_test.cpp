#include "degradation/pipeline.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "degradation/bicubic_downscale.h"
#include "degradation/convert.h"
#include "degradation/resize.h"
#include "support/pictures.h"

namespace samsr {
namespace {

using testing::textured_picture;

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

TEST(DegradationPipeline, GivesAPairOfTheAskedSizes) {
  const DegradedPair pair = DegradationPipeline({}, 4).degrade(textured_picture(300, 300), 256, 1);
  EXPECT_EQ(pair.hr.size(), cv::Size(256, 256));
  EXPECT_EQ(pair.lr.size(), cv::Size(64, 64));
  EXPECT_EQ(pair.hr.type(), CV_8UC3);
  EXPECT_EQ(pair.lr.type(), CV_8UC3);
  EXPECT_TRUE(pair.hr.isContinuous() && pair.lr.isContinuous());
}

TEST(DegradationPipeline, IsAFunctionOfTheSeedAloneOnAnyNumberOfThreads) {
  const cv::Mat picture = textured_picture(160, 160);
  const DegradationPipeline pipeline({}, 4);
  constexpr int kPairs = 24;
  std::vector<DegradedPair> alone;
  const int threads_before = cv::getNumThreads();
  cv::setNumThreads(1);
  for (int i = 0; i < kPairs; ++i) {
    alone.push_back(pipeline.degrade(picture, 128, static_cast<std::uint64_t>(i)));
  }
  cv::setNumThreads(4);
  std::vector<DegradedPair> together(kPairs);
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 3; ++worker) {
    threads.emplace_back([&, worker] {
      for (int i = worker; i < kPairs; i += 3) {
        together[static_cast<std::size_t>(i)] = pipeline.degrade(picture, 128, static_cast<std::uint64_t>(i));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  cv::setNumThreads(threads_before);
  for (std::size_t i = 0; i < kPairs; ++i) {
    EXPECT_TRUE(same(alone[i].lr, together[i].lr) && same(alone[i].hr, together[i].hr)) << i;
    EXPECT_EQ(alone[i].drawn, together[i].drawn);
    EXPECT_FALSE(same(alone[i].lr, alone[(i + 1) % kPairs].lr)) << i;
  }
}

TEST(DegradationPipeline, BicubicIsTheReductionAlone) {
  DegradationSettings settings;
  settings.kind = "bicubic";
  const cv::Mat picture = textured_picture(96, 128);
  const DegradedPair pair = DegradationPipeline(settings, 4).degrade(picture, 64, 5);
  const auto corner = nlohmann::json::parse(pair.drawn)["crop"];
  const cv::Mat low = to_bytes(shrink_bicubic(to_unit(picture), 4));
  EXPECT_TRUE(same(pair.lr, low(cv::Rect(corner[0], corner[1], 16, 16))));
  EXPECT_TRUE(same(pair.hr, picture(cv::Rect(4 * corner[0].get<int>(), 4 * corner[1].get<int>(), 64, 64))));
}

// torch's antialiased bicubic has the same kernel and another border.
TEST(ShrinkBicubic, EqualsTorchsAntialiasedInside) {
  for (const int factor : {1, 2, 3, 4}) {
    const cv::Mat image = to_unit(textured_picture(48, 60));
    const cv::Mat small = shrink_bicubic(image, factor);
    const torch::Tensor expected =
        at::_upsample_bicubic2d_aa(testing::tensor_of(image), {48 / factor, 60 / factor}, false);
    const auto inside = [](const torch::Tensor& t) { return t.slice(2, 3, -3).slice(3, 3, -3); };
    EXPECT_LT((inside(testing::tensor_of(small)) - inside(expected)).abs().max().item<double>(), 2e-6) << factor;
  }
}

TEST(ShrinkBicubic, MirrorsItsBorders) {
  const cv::Mat image = to_unit(textured_picture(24, 32));
  cv::Mat wide;
  cv::copyMakeBorder(image, wide, 8, 8, 8, 8, cv::BORDER_REFLECT);
  EXPECT_LT(cv::norm(shrink_bicubic(wide, 4)(cv::Rect(2, 2, 8, 6)), shrink_bicubic(image, 4), cv::NORM_INF), 1e-6);
}

TEST(DegradationPipeline, LeavesTheInputAlone) {
  const cv::Mat picture = textured_picture(64, 64);
  const cv::Mat before = picture.clone();
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    DegradationPipeline({}, 4).degrade(picture, 64, seed);
  }
  EXPECT_TRUE(same(picture, before));
}

// Mild settings: what remains must be the plain reduction of the same place, so a shifted crop would show.
TEST(DegradationPipeline, BothCropsShowTheSamePlace) {
  DegradationSettings mild;
  mild.first.kernel_list = {"iso"};
  mild.first.kernel_prob = {1};
  mild.first.blur_sigma = {0.2, 0.2};
  mild.first.sinc_prob = 0;
  mild.first.resize_prob = {0, 0, 1};
  mild.first.gaussian_noise_prob = 1;
  mild.first.noise_range = {0, 0};
  mild.first.jpeg_range = {100, 100};
  mild.second.jpeg_range = {100, 100};
  mild.second_order_prob = 0;
  mild.final_sinc_prob = 0;
  const DegradationPipeline pipeline(mild, 4);
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const DegradedPair pair = pipeline.degrade(textured_picture(300, 200), 160, seed);
    const auto drawn = nlohmann::json::parse(pair.drawn);
    const std::string mode = drawn["final"]["resize"];
    const ResizeMode used = mode == "area"       ? ResizeMode::kArea
                            : mode == "bilinear" ? ResizeMode::kBilinear
                                                 : ResizeMode::kBicubic;
    const cv::Mat expected = resize_to(to_unit(pair.hr), cv::Size(40, 40), used);
    // Away from the border, where the crop was taken after and not before the reduction.
    const cv::Rect inside(2, 2, 36, 36);
    EXPECT_LT(cv::norm(to_unit(pair.lr)(inside), expected(inside), cv::NORM_L1) / (36 * 36 * 3), 0.02) << pair.drawn;
  }
}

TEST(DegradationPipeline, RecordsWhatWasDrawnInTheConfiguredProportions) {
  const DegradationPipeline pipeline({}, 4);
  const cv::Mat picture = textured_picture(32, 32);
  std::map<std::string, int> count;
  constexpr int kPairs = 2000;
  for (int i = 0; i < kPairs; ++i) {
    const std::string drawn = pipeline.degrade(picture, 16, static_cast<std::uint64_t>(i)).drawn;
    EXPECT_EQ(drawn.find('\n'), std::string::npos);
    const auto json = nlohmann::json::parse(drawn);
    ++count[json["first"]["blur"]["kind"]];
    count["second"] += json.contains("second");
    count["final sinc"] += json["final"].contains("sinc");
    count["grey"] += json["first"]["noise"]["grey"].get<bool>();
    count["down"] += json["first"]["resize"]["factor"].get<double>() < 1;
    const int size = json["first"]["blur"]["size"];
    EXPECT_TRUE(size >= 7 && size <= 21 && size % 2 == 1);
    EXPECT_LE(json["final"]["crop"][0].get<int>(), 4);
  }
  const std::map<std::string, double> shares{{"sinc", 0.1},   {"iso", 0.9 * 0.45}, {"plateau_aniso", 0.9 * 0.03},
                                             {"second", 0.5}, {"final sinc", 0.8}, {"grey", 0.4},
                                             {"down", 0.7}};
  for (const auto& [name, share] : shares) {
    EXPECT_NEAR(count[name], kPairs * share, 5 * std::sqrt(kPairs * share * (1 - share))) << name;
  }
}

TEST(DegradationPipeline, SharpeningChangesTheGroundTruth) {
  DegradationSettings settings;
  settings.use_sharp = "true";
  const cv::Mat picture = textured_picture(128, 128);
  const DegradedPair plain = DegradationPipeline({}, 4).degrade(picture, 128, 3);
  const DegradedPair sharp = DegradationPipeline(settings, 4).degrade(picture, 128, 3);
  EXPECT_TRUE(same(plain.hr, picture));
  EXPECT_FALSE(same(sharp.hr, picture));
  settings.use_sharp = "input";
  const DegradedPair of_sharp = DegradationPipeline(settings, 4).degrade(picture, 128, 3);
  EXPECT_TRUE(same(of_sharp.hr, picture)) << "the ground truth stays as it is";
  EXPECT_TRUE(same(of_sharp.lr, sharp.lr)) << "and the sharpened is degraded";
  EXPECT_FALSE(same(of_sharp.lr, plain.lr));
}

TEST(DegradationPipeline, SizesThatDoNotFitAreRefused) {
  const DegradationPipeline pipeline({}, 4);
  EXPECT_THROW(pipeline.degrade(textured_picture(66, 66), 64, 1), cv::Exception);
  EXPECT_THROW(pipeline.degrade(textured_picture(64, 64), 128, 1), cv::Exception);
  EXPECT_THROW(pipeline.degrade(textured_picture(64, 64), 62, 1), cv::Exception);
}

}  // namespace
}  // namespace samsr
