#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/dists/dists.h"
#include "eval/metrics/fid/fid.h"
#include "eval/metrics/fid/frechet.h"
#include "support/device.h"
#include "support/golden.h"

namespace samsr {
namespace {

using testing::device;
using testing::Golden;

/// (N,H,W,3) as the files store images, to (N,3,H,W).
at::Tensor set_of(const Golden& golden, const std::string& name) {
  return golden.read(name).permute({0, 3, 1, 2}).contiguous();
}

/// torchvision's name of a tensor, features.N.weight, to that of DISTS, stageK.N.weight.
std::string name_in_stages(const Golden& golden, const std::string& name) {
  const std::string ending = name.substr(std::string("features").size());
  for (const std::string& known : golden.param_names()) {
    if (known.starts_with("stage") && known.ends_with(ending)) {
      return known;
    }
  }
  return {};
}

class DistsGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  static NamedWeights trunk(const Golden& golden) {
    NamedWeights weights;
    for (const auto& [name, shape, type] : dists_trunk_weights()) {
      weights[name] = testing::strong_by_rule(name_in_stages(golden, name), shape, golden.salt());
    }
    return weights;
  }
  static NamedWeights channels(const Golden& golden) {
    return testing::linear_weights_by_rule(dists_channel_weights(), golden.salt());
  }
};
SAMSR_GOLDEN_SUITE(DistsGolden, testing::golden_files("dists"));

TEST_P(DistsGolden, DistancesAndLevelsMatch) {
  const Golden golden(GetParam());
  std::vector<std::string> names;
  for (const WantedWeight& weight : dists_channel_weights()) {
    names.push_back(weight.name);
  }
  for (const WantedWeight& weight : dists_trunk_weights()) {
    names.push_back(name_in_stages(golden, weight.name));
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(golden.param_names()));
  const DistsNetwork network(trunk(golden), channels(golden), device());
  const at::Tensor reference = set_of(golden, "in/reference");
  const at::Tensor distorted = set_of(golden, "in/distorted");
  const at::Tensor images = testing::placed(reference).to(at::kFloat) / 255;
  const std::vector<at::Tensor> levels = network.levels(images.contiguous(at::MemoryFormat::ChannelsLast));
  ASSERT_EQ(levels.size(), 6U);
  for (std::size_t level = 0; level < levels.size(); ++level) {
    golden.expect_close(levels[level].mean({2, 3}), "out/feature_mean_" + std::to_string(level));
  }
  const Dists dists(network, {metric_description("dists"), 0, device()});
  golden.expect_close(dists.score(distorted, reference), "out/dists_distorted");
  golden.expect_close(dists.score(reference, reference), "out/dists_same");
  // Near: the reference with three tenths of the distorted picture, before 8 bits.
  const at::Tensor near = (reference.to(at::kFloat) * 0.7 + distorted.to(at::kFloat) * 0.3) / 255;
  golden.expect_close(dists.score(near, reference.to(at::kFloat) / 255), "out/dists_near");
}

class FidGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(FidGolden, testing::golden_files("fid"));

TEST_P(FidGolden, ResizedPicturesMatch) {
  const Golden golden(GetParam());
  const at::Tensor resized = resized_for_fid(set_of(golden, "in/image").slice(0, 0, 1), FidResizing::kClean);
  const at::Tensor corner = golden.read("out/clean_resized_corner");
  golden.expect_close(resized.slice(2, 0, corner.size(2)).slice(3, 0, corner.size(3)), "out/clean_resized_corner");
}

TEST_P(FidGolden, FeaturesOfBothPreprocessingsMatch) {
  const Golden golden(GetParam());
  NamedWeights weights;
  std::vector<std::string> names = {"fc.weight", "fc.bias"};  // in the file, and of no use to FID
  for (const auto& [name, shape, type] : inception_weights()) {
    weights[name] = testing::strong_by_rule(name, shape, golden.salt());
    names.push_back(name);
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(golden.param_names()));
  const at::Tensor images = set_of(golden, "in/image");
  const auto expect_features = [&](const Fid& fid, const std::string& name) {
    std::vector<at::Tensor> prepared;
    for (const at::Tensor& image : images.split(1)) {
      prepared.push_back(fid.prepared(image));
    }
    golden.expect_close(fid.features(at::cat(prepared)), "out/pool3_" + name);
  };
  expect_features(Fid(FidResizing::kClean, weights, {metric_description("fid"), 0, device()}), "clean");
  expect_features(Fid(FidResizing::kPytorch, weights, {metric_description("fid_pytorch"), 0, device()}), "pytorch");
}

TEST_P(FidGolden, DistancesMatchOfFullAndOfSingularCovariances) {
  const Golden golden(GetParam());
  for (const std::string kind : {"full", "thin"}) {
    const at::Tensor a = golden.read("in/features_" + kind + "_a");
    const at::Tensor b = golden.read("in/features_" + kind + "_b");
    const at::Tensor of_features =
        at::scalar_tensor(frechet_distance(fit_of_features(a), fit_of_features(b)), at::kDouble);
    golden.expect_close(of_features, "out/frechet_" + kind);
    const at::Tensor of_statistics = at::scalar_tensor(frechet_distance(fit_of_statistics(a.mean(0), covariance_of(a)),
                                                                        fit_of_statistics(b.mean(0), covariance_of(b))),
                                                       at::kDouble);
    golden.expect_close(of_statistics, "out/frechet_" + kind);
  }
}

}  // namespace
}  // namespace samsr
