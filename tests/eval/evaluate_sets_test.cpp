// Metrics of whole sets, with one whose features are few and quick.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/images/image_file.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/set_scorer.h"
#include "eval/metrics/fid/set_statistics.h"
#include "eval/tables/merge.h"
#include "eval/tables/table.h"
#include "eval/upscale/bicubic.h"
#include "metric_lists.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::smooth_picture;

const MetricDescription kDescription = {"fid", "", true, false, 2, false, true, {}, nullptr};

/// `results` with only metric `kept`.
Results run_of(const Results& results, std::size_t kept) {
  Results one = results;
  one.metrics = {results.metrics[kept]};
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    for (std::size_t i = 0; i < results.methods[m].images.size(); ++i) {
      one.methods[m].images[i].values = {results.methods[m].images[i].values[kept]};
    }
    one.methods[m].of_set.clear();
    if (results.metrics[kept].whole_set) {
      one.methods[m].of_set[0] = results.methods[m].of_set.at(kept);
    }
  }
  return one;
}

/// Means of four by one pieces of each channel.
class PieceMeans : public SetMetric {
 public:
  explicit PieceMeans(std::uint32_t weights = 1) : SetMetric({kDescription}), weights_(weights) {}
  std::int64_t feature_count() const override { return 12; }
  std::int64_t pictures_seen() const { return seen_; }

 private:
  std::string conventions() const override { return "means of pieces"; }
  std::string undefined_for_cropped(std::int64_t, std::int64_t) const override { return {}; }
  at::Tensor prepared_cropped(const at::Tensor& picture) const override {
    return at::adaptive_avg_pool2d(picture.to(at::kFloat) / 255, {8, 8});
  }
  at::Tensor features_of(const at::Tensor& prepared) const override {
    seen_ += prepared.size(0);
    return at::adaptive_avg_pool2d(prepared, {4, 1}).flatten(1);
  }
  std::uint32_t checksum() const override { return weights_; }

  const std::uint32_t weights_;
  mutable std::atomic<std::int64_t> seen_ = 0;
};

class EvaluateSets : public ::testing::Test {
 protected:
  static constexpr unsigned kPictures = 20;

  EvaluateSets() : ref_(scratch_.folder("ref")), pred_(scratch_.folder("pred")), lq_(scratch_.folder("lq")) {
    for (unsigned i = 0; i < kPictures; ++i) {
      const std::string name = "img" + std::to_string(100 + i) + ".png";
      const int width = i % 3 == 0 ? 24 : 20;  // sets hold pictures of any sizes
      const cv::Mat low = smooth_picture(16, width, i);
      write_png(lq_ / name, low);
      write_png(ref_ / name, smooth_picture(64, width * 4, i + 100));
      write_png(pred_ / name, smooth_picture(64, width * 4, i + 200));
    }
  }

  Comparison comparison() {
    InputProblems strict;
    Comparison made = plan_comparison({{{"mine", pred_}}, ref_, lq_}, 4, strict);
    made.features = scratch_ / "features";
    return made;
  }

  Results run(const Comparison& compared, const std::vector<const Metric*>& metrics) {
    InputProblems strict;
    return run(compared, metrics, strict);
  }
  Results run(const Comparison& compared, const std::vector<const Metric*>& metrics, InputProblems& problems) {
    return evaluate(compared, metrics, 0, *communicator_, log_, problems);
  }

  /// Features of a folder's pictures, one by one.
  at::Tensor features_in(const fs::path& folder, std::int64_t enlarge = 1) const {
    std::vector<at::Tensor> rows;
    for (const fs::path& file : list_images(folder)) {
      at::Tensor picture = to_tensor(read_image(file).rgb);
      picture = enlarge > 1 ? upscale_bicubic(picture, enlarge) : picture;
      rows.push_back(metric_.features(metric_.prepared(picture)));
    }
    return at::cat(rows);
  }

  testing::TemporaryFolder scratch_;
  fs::path ref_;
  fs::path pred_;
  fs::path lq_;
  PieceMeans metric_;
  std::unique_ptr<Communicator> communicator_ = make_single_communicator();
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(EvaluateSets, TheFigureIsTheDistanceOfTheSetsFeaturesWithAnInterval) {
  const auto psnr = testing::metrics_of("psnr_rgb");
  const Results results = run(comparison(), {&metric_, psnr[0].get()});
  ASSERT_EQ(results.methods.size(), 2U);
  const NormalFit reference = fit_of_features(features_in(ref_));
  const double bicubic = frechet_distance(fit_of_features(features_in(lq_, 4)), reference);
  const double mine = frechet_distance(fit_of_features(features_in(pred_)), reference);
  EXPECT_NEAR(results.methods[0].mean(0), bicubic, 1e-6 * bicubic);
  EXPECT_NEAR(results.methods[1].mean(0), mine, 1e-6 * mine);
  EXPECT_EQ(results.methods[1].counted(0), kPictures);
  const auto interval = results.methods[1].interval(0);
  ASSERT_TRUE(interval.has_value());
  EXPECT_LT(interval->low, mine);
  EXPECT_GT(interval->high, mine);
  EXPECT_TRUE(results.metrics[0].whole_set);
  EXPECT_EQ(results.methods[1].counted(1), kPictures) << "others have their figures of single images";
}

TEST_F(EvaluateSets, FilesAndTablesKeepTheFigureAndSingleImagesHaveNone) {
  const auto psnr = testing::metrics_of("psnr_rgb");
  Results results = run(comparison(), {psnr[0].get(), &metric_});
  results.benchmark = "toy";
  results.title = "Toy";
  write_results(results, scratch_ / "out");
  const Results back = read_results(scratch_ / "out/results.json");
  EXPECT_EQ(json_results(back), json_results(results));
  EXPECT_EQ(back.methods[1].interval(1)->low, results.methods[1].interval(1)->low);
  EXPECT_THAT(csv_table(results), AllOf(HasSubstr("method,image,psnr_rgb\n"), Not(HasSubstr("fid"))));
  EXPECT_THAT(markdown_table(results), AllOf(HasSubstr("| FID ↓ |"), HasSubstr("- FID: means of pieces")));
  EXPECT_EQ(nlohmann::json::parse(json_results(results))["methods"][0]["per_image"][0].count("fid"), 0U);

  // Two files of one benchmark, which share the figure of the set.
  const auto merged = merge_results({{"a/results.json", run_of(results, 1)}, {"b/results.json", results}});
  ASSERT_EQ(merged.size(), 1U);
  EXPECT_EQ(merged[0].methods[1].mean(0), results.methods[1].mean(1));
  EXPECT_EQ(merged[0].methods[1].mean(1), results.methods[1].mean(0));
  const Table table = fill_table(layout_of_everything({merged, {}}), {merged, {}});
  EXPECT_EQ(table.measured[1].cells[0].value, results.methods[1].mean(1));
  Results other = run_of(results, 1);
  other.methods[1].of_set.at(0).value += 1;
  EXPECT_THAT(testing::error_of([&] {
                merge_results({{"a/results.json", results}, {"b/results.json", other}});
              }),
              HasSubstr("was measured on Toy twice"));
}

TEST_F(EvaluateSets, FeaturesAreKeptByContent) {
  const double first = run(comparison(), {&metric_}).methods[1].mean(0);
  const std::int64_t all = metric_.pictures_seen();
  EXPECT_EQ(all, 3 * kPictures) << "bicubic, mine and, once, the references";
  EXPECT_EQ(run(comparison(), {&metric_}).methods[1].mean(0), first);
  EXPECT_EQ(metric_.pictures_seen(), all) << "nothing is computed twice";

  write_png(pred_ / "img101.png", smooth_picture(64, 80, 999));
  EXPECT_NE(run(comparison(), {&metric_}).methods[1].mean(0), first);
  EXPECT_EQ(metric_.pictures_seen(), all + kPictures) << "the set that has changed";

  const PieceMeans other_weights(2);
  run(comparison(), {&other_weights});
  EXPECT_EQ(other_weights.pictures_seen(), 3 * kPictures);
}

TEST_F(EvaluateSets, ADamagedFileOfFeaturesIsMadeAgain) {
  const double first = run(comparison(), {&metric_}).methods[1].mean(0);
  for (const auto& file : fs::directory_iterator(scratch_ / "features")) {
    testing::write_text(file.path(), "no zip");
  }
  EXPECT_EQ(run(comparison(), {&metric_}).methods[1].mean(0), first);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("is not used, and made again"), HasSubstr("fid-")));
}

TEST_F(EvaluateSets, StatisticsGoOutAndStandForReferences) {
  Comparison writing = comparison();
  writing.statistics = scratch_ / "statistics";
  const Results direct = run(writing, {&metric_});
  const SetStatistics mine = read_statistics(scratch_ / "statistics/fid/mine.npz");
  EXPECT_TRUE(mine.mean.allclose(features_in(pred_).to(at::kDouble).mean(0)));

  InputProblems strict;
  Comparison against = plan_comparison({{{"mine", pred_}}, {}, {}}, 4, strict);
  against.reference_statistics = scratch_ / "statistics/fid-reference.npz";
  const Results without_pictures = run(against, {&metric_});
  EXPECT_NEAR(without_pictures.methods[0].mean(0), direct.methods[1].mean(0), 1e-6 * direct.methods[1].mean(0));
  EXPECT_TRUE(without_pictures.methods[0].interval(0).has_value());
  EXPECT_THAT(without_pictures.metrics[0].protocol, HasSubstr("against the statistics of fid-reference.npz"));

  write_statistics(at::rand({9, 12}), "another protocol", scratch_ / "other.npz");
  against.reference_statistics = scratch_ / "other.npz";
  EXPECT_THAT(testing::error_of([&] { run(against, {&metric_}); }), HasSubstr("made by another protocol"));
  write_statistics(at::rand({9, 11}), metric_.protocol(), scratch_ / "other.npz");
  EXPECT_THAT(testing::error_of([&] { run(against, {&metric_}); }), HasSubstr("statistics of 11 features, fid has 12"));
}

TEST_F(EvaluateSets, ImagesThatCannotBeMeasuredAreLeftOutOfBothSets) {
  testing::write_text(pred_ / "img103.png", "no image at all");
  write_png(pred_ / "img104.png", smooth_picture(60, 80, 1));
  InputProblems problems(log_);
  const Results results = run(comparison(), {&metric_}, problems);
  EXPECT_EQ(results.methods[1].counted(0), kPictures - 2);
  EXPECT_EQ(problems.count(), 2);
  EXPECT_THAT(markdown_table(results), HasSubstr(fmt::format("mine: over {} of {} images", kPictures - 2, kPictures)));
  for (const char* name : {"img103.png", "img104.png"}) {
    fs::remove(pred_ / name);
    fs::remove(ref_ / name);
  }
  EXPECT_NEAR(results.methods[1].mean(0),
              frechet_distance(fit_of_features(features_in(pred_)), fit_of_features(features_in(ref_))), 1e-9);
}

TEST_F(EvaluateSets, OneImageIsNoSet) {
  const fs::path single = scratch_.folder("single");
  fs::copy_file(pred_ / "img101.png", single / "img101.png");
  InputProblems problems(log_);
  const Results results = run(plan_comparison({{{"mine", single}}, ref_, {}}, 4, problems), {&metric_}, problems);
  EXPECT_TRUE(std::isnan(results.methods[0].mean(0)));
  EXPECT_THAT(out_.str(), HasSubstr("mine: no fid: a set of pictures has at least two, 1 could be measured"));
  EXPECT_EQ(nlohmann::json::parse(json_results(results))["methods"][0]["mean"]["fid"], nullptr);
}

}  // namespace
}  // namespace samsr
