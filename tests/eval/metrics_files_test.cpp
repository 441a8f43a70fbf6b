#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/choose_metrics.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/dists/dists.h"
#include "eval/metrics/fid/fid.h"
#include "eval/metrics/lpips/lpips.h"
#include "eval/metrics/musiq/musiq.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Official files made by rule, in a folder of their own; those of whoever runs the test are out of sight.
class MetricFiles : public ::testing::Test {
 protected:
  MetricFiles() {
    setenv("TORCH_HOME", (scratch_ / "torch").c_str(), 1);
    setenv("XDG_CACHE_HOME", (scratch_ / "cache").c_str(), 1);
  }
  ~MetricFiles() override {
    unsetenv("TORCH_HOME");
    unsetenv("XDG_CACHE_HOME");
  }

  void write(const std::string& file, const NamedWeights& weights) const {
    write_safetensors(scratch_.folder("weights") / file, {{weights.begin(), weights.end()}, {}});
  }

  OfficialFiles files() const { return OfficialFiles({.folder = (scratch_ / "weights").string()}); }

  at::Tensor pictures(std::uint64_t salt) const {
    return ((testing::rule_seeded("pictures", {2, 3, 70, 90}, salt) * 500).abs() + 40).clamp(0, 255).to(at::kByte);
  }

  const testing::TemporaryFolder scratch_;
};

using testing::error_of;

TEST_F(MetricFiles, LpipsComesFromTorchvisionsFileAndItsOwn) {
  const NamedWeights trunk = testing::weights_by_rule(lpips_trunk_weights(LpipsTrunk::kAlex), 3);
  const NamedWeights linear = testing::linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 3);
  NamedWeights torchvision = trunk;
  torchvision["classifier.6.weight"] = at::zeros({1000, 16});
  torchvision["classifier.6.bias"] = at::zeros({1000});
  write("alexnet-owt-7be5be79.pth", torchvision);
  write("LPIPS_v0.1_alex-df73285e.pth", linear);

  const OfficialFiles found = files();
  const auto by_name = make_metric("lpips_alex", {.files = &found});
  EXPECT_EQ(by_name->name(), "lpips");
  EXPECT_TRUE(by_name->by_network());
  EXPECT_FALSE(by_name->higher_is_better());
  const Lpips expected(LpipsTrunk::kAlex, LpipsNetwork(LpipsTrunk::kAlex, trunk, linear, at::kCPU),
                       {metric_description("lpips")});
  const at::Tensor scores = by_name->score(pictures(1), pictures(2));
  EXPECT_TRUE(scores.equal(expected.score(pictures(1), pictures(2))));
  EXPECT_GT(scores.min().item<double>(), 0);
}

TEST_F(MetricFiles, DistsComesFromTorchvisionsFileAndItsOwn) {
  const NamedWeights trunk = testing::weights_by_rule(dists_trunk_weights(), 3);
  const NamedWeights channels = testing::linear_weights_by_rule(dists_channel_weights(), 3);
  NamedWeights torchvision = trunk;
  torchvision["classifier.6.bias"] = at::zeros({1000});
  write("vgg16-397923af.pth", torchvision);
  write("DISTS_weights-f5e65c96.pth", channels);
  const OfficialFiles found = files();
  const auto by_name = make_metric("dists", {.files = &found});
  EXPECT_FALSE(by_name->higher_is_better());
  const Dists expected(DistsNetwork(trunk, channels, at::kCPU), {metric_description("dists")});
  const at::Tensor scores = by_name->score(pictures(1), pictures(2));
  EXPECT_TRUE(scores.equal(expected.score(pictures(1), pictures(2))));
  EXPECT_GT(scores.min().item<double>(), 0);
}

TEST_F(MetricFiles, FidComesFromItsFileAndBothKindsAreKeptApart) {
  NamedWeights weights = testing::weights_by_rule(inception_weights(), 3);
  const Fid expected(FidResizing::kClean, weights, {metric_description("fid")});
  weights["fc.weight"] = at::zeros({1008, 2048});
  weights["fc.bias"] = at::zeros({1008});
  weights["Mixed_5b.branch1x1.bn.num_batches_tracked"] = at::zeros({}, at::kLong);
  write("pt_inception-2015-12-05-6726825d.pth", weights);
  const OfficialFiles found = files();
  const ChosenMetrics chosen = choose_metrics("fid_clean,fid_pytorch,fid", {.crop_border = 4, .files = &found});
  ASSERT_EQ(chosen.metrics.size(), 2U);
  EXPECT_THAT(chosen.metrics[0]->protocol(), AllOf(HasSubstr("clean-fid"), HasSubstr("4 px cropped")));
  EXPECT_THAT(chosen.metrics[1]->protocol(), HasSubstr("pytorch-fid"));
  const auto& clean = dynamic_cast<const SetMetric&>(*chosen.metrics[0]);
  const auto& pytorch = dynamic_cast<const SetMetric&>(*chosen.metrics[1]);
  EXPECT_TRUE(clean.whole_set());
  EXPECT_NE(clean.fingerprint(), pytorch.fingerprint());
  EXPECT_NE(clean.fingerprint(), expected.fingerprint()) << "another crop";
  const at::Tensor picture = pictures(1).slice(0, 0, 1);
  const at::Tensor inner = picture.slice(2, 4, 66).slice(3, 4, 86);
  EXPECT_TRUE(clean.prepared(picture).equal(expected.prepared(inner)));
  EXPECT_TRUE(clean.features(clean.prepared(picture)).equal(expected.features(expected.prepared(inner))));
  EXPECT_EQ(expected.features(expected.prepared(inner)).sizes(), at::IntArrayRef({1, 2048}));
}

TEST_F(MetricFiles, BothKindsOfResizingDifferAndTakeAnySize) {
  const at::Tensor picture = pictures(1).slice(0, 0, 1);
  const at::Tensor clean = resized_for_fid(picture, FidResizing::kClean);
  const at::Tensor pytorch = resized_for_fid(picture, FidResizing::kPytorch);
  EXPECT_EQ(clean.sizes(), at::IntArrayRef({1, 3, 299, 299}));
  EXPECT_EQ(pytorch.sizes(), clean.sizes());
  EXPECT_FALSE(clean.allclose(pytorch, 0, 1));
  EXPECT_GE(clean.min().item<double>(), 0);
  EXPECT_LE(clean.max().item<double>(), 255);
  const at::Tensor pixel = at::full({1, 3, 1, 1}, 77, at::kByte);
  EXPECT_TRUE(resized_for_fid(pixel, FidResizing::kClean).allclose(at::full({1, 3, 299, 299}, 77.0F)));
}

TEST_F(MetricFiles, ClipiqaComesFromHalfPrecisionBesideWhatElseTheArchiveHolds) {
  NamedWeights half = testing::clip_weights_by_rule(clipiqa_weights(), 0);
  for (auto& [name, tensor] : half) {
    tensor = tensor.to(at::kHalf);
  }
  const Clipiqa expected(half, {metric_description("clipiqa")});
  for (const char* other : {"input_resolution", "context_length", "vocab_size", "visual.bn1.num_batches_tracked"}) {
    half[other] = at::zeros({}, at::kLong);
  }
  write("RN50.pt", half);
  const OfficialFiles found = files();
  const at::Tensor scores = make_metric("clipiqa", {.files = &found})->score(pictures(1));
  EXPECT_TRUE(scores.equal(expected.score(pictures(1))));
  EXPECT_GT(scores.min().item<double>(), 0);
  EXPECT_LT(scores.max().item<double>(), 1);
}

TEST_F(MetricFiles, MusiqComesFromItsFile) {
  const NamedWeights weights = testing::weights_by_rule(musiq_weights(), 0);
  write("musiq_koniq_ckpt-e95806b9.pth", weights);
  const OfficialFiles found = files();
  const auto chosen = choose_metrics("musiq,psnr", {.files = &found});
  ASSERT_EQ(chosen.metrics.size(), 2U);
  EXPECT_TRUE(chosen.left_out.empty());
  EXPECT_TRUE(
      chosen.metrics[0]->score(pictures(1)).equal(Musiq(weights, {metric_description("musiq")}).score(pictures(1))));
}

TEST_F(MetricFiles, MissingOnesLeaveTheMetricOutWithOneLine) {
  write("alex.pth", testing::linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 0));
  const OfficialFiles found = files();
  const ChosenMetrics chosen = choose_metrics("lpips,psnr,lpips_vgg,clipiqa,musiq,dists,fid", {.files = &found});
  ASSERT_EQ(chosen.metrics.size(), 1U);
  EXPECT_EQ(chosen.metrics[0]->name(), "psnr_y");
  const std::string folder = (scratch_ / "weights").string();
  EXPECT_THAT(
      chosen.left_out,
      ElementsAre(
          AllOf(HasSubstr("lpips is left out"), HasSubstr("alexnet-owt-7be5be79.pth"),
                HasSubstr("https://download.pytorch.org"), HasSubstr(folder), ::testing::Not(HasSubstr("/alex.pth"))),
          AllOf(HasSubstr("lpips_vgg is left out"), HasSubstr("vgg16-397923af.pth"), HasSubstr("/vgg.pth")),
          HasSubstr("RN50.pt"), HasSubstr("musiq_koniq_ckpt-e95806b9.pth"),
          AllOf(HasSubstr("vgg16-397923af.pth"), HasSubstr("DISTS_weights-f5e65c96.pth")),
          AllOf(HasSubstr("fid is left out"), HasSubstr("pt_inception-2015-12-05-6726825d.pth"))));
  for (const std::string& line : chosen.left_out) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr("\n")));
  }
  EXPECT_THAT(error_of([&] { choose_metrics("lpips,musiq", {.files = &found}); }),
              AllOf(HasSubstr("no metric is left of 'lpips,musiq'"), HasSubstr("alexnet-owt-7be5be79.pth"),
                    HasSubstr("musiq_koniq_ckpt-e95806b9.pth")));
  EXPECT_THAT(error_of([&] { make_metric("musiq", {.files = &found}); }), HasSubstr("musiq_koniq_ckpt-e95806b9.pth"));
  EXPECT_THAT(error_of([] { make_metric("musiq"); }), HasSubstr("no folder was given"));
}

TEST_F(MetricFiles, OneThatDoesNotFitIsNamedWithItsTensors) {
  NamedWeights trunk = testing::weights_by_rule(lpips_trunk_weights(LpipsTrunk::kAlex), 0);
  trunk.erase("features.8.bias");
  write("alexnet-owt-7be5be79.pth", trunk);
  write("alex.pth", testing::linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kVgg), 0));
  const OfficialFiles found = files();
  EXPECT_THAT(error_of([&] { choose_metrics("psnr,lpips", {.files = &found}); }),
              AllOf(HasSubstr((scratch_ / "weights").string() + "/alexnet-owt-7be5be79.pth"),
                    HasSubstr("1 missing: features.8.bias")));
  trunk["features.8.bias"] = at::zeros({256});
  write("alexnet-owt-7be5be79.pth", trunk);
  EXPECT_THAT(error_of([&] { choose_metrics("psnr,lpips", {.files = &found}); }),
              AllOf(HasSubstr("/alex.pth"), HasSubstr("lin1.model.1.weight [1, 128, 1, 1] instead of [1, 192, 1, 1]")));
}

}  // namespace
}  // namespace samsr
