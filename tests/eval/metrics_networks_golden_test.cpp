#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/clipiqa/clipiqa_prompts.h"
#include "eval/metrics/lpips/lpips.h"
#include "eval/metrics/musiq/musiq.h"
#include "models/perceptual/clip_text.h"
#include "support/device.h"
#include "support/golden.h"

namespace samsr {
namespace {

using testing::device;
using testing::Golden;

/// (N,H,W,3) as the files store images, to (N,3,H,W).
at::Tensor pictures(const Golden& golden, const std::string& name) {
  return golden.read(name).permute({0, 3, 1, 2}).contiguous();
}

std::vector<std::string> names_of(const std::vector<WantedWeight>& wanted) {
  std::vector<std::string> names;
  for (const WantedWeight& weight : wanted) {
    names.push_back(weight.name);
  }
  return names;
}

class LpipsGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(LpipsGolden, testing::golden_files("lpips"));

TEST_P(LpipsGolden, DistancesMatch) {
  const Golden golden(GetParam());
  const std::string net = golden.config()["net"].as<std::string>();
  const LpipsTrunk trunk = net == "alex" ? LpipsTrunk::kAlex : LpipsTrunk::kVgg;
  std::vector<std::string> names = names_of(lpips_linear_weights(trunk));
  for (const auto& [name, shape, type] : lpips_trunk_weights(trunk)) {
    names.push_back(testing::name_in_slices(golden, name));
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(golden.param_names()));
  const Lpips lpips(trunk,
                    LpipsNetwork(trunk, testing::trunk_weights_by_rule(golden, lpips_trunk_weights(trunk)),
                                 testing::linear_weights_by_rule(lpips_linear_weights(trunk), golden.salt()), device()),
                    {metric_description(trunk == LpipsTrunk::kAlex ? "lpips" : "lpips_vgg"), 0, device()});
  golden.expect_close(lpips.score(pictures(golden, "in/distorted"), pictures(golden, "in/reference")).unsqueeze(1),
                      "out/lpips");
}

class ClipiqaGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(ClipiqaGolden, testing::golden_files("clipiqa"));

TEST_P(ClipiqaGolden, ScoresFeaturesAndTokensMatch) {
  const Golden golden(GetParam());
  ASSERT_EQ(golden.config()["backbone"].as<std::string>(), "RN50");
  EXPECT_THAT(names_of(clipiqa_weights()), ::testing::UnorderedElementsAreArray(golden.param_names()));
  const NamedWeights weights = testing::clip_weights_by_rule(clipiqa_weights(), golden.salt());

  EXPECT_TRUE(clipiqa_prompt_tokens().equal(golden.read("out/tokens")));
  golden.expect_close(clip_text_features(weights, clipiqa_prompt_tokens()), "out/text_features");
  const at::Tensor reference = pictures(golden, "in/reference");
  golden.expect_close(ClipImage(weights, device())(testing::placed(reference).to(at::kFloat) / 255),
                      "out/image_features");
  const Clipiqa clipiqa(weights, {metric_description("clipiqa"), 0, device()});
  golden.expect_close(clipiqa.score(pictures(golden, "in/distorted")).unsqueeze(1), "out/clipiqa_distorted");
  golden.expect_close(clipiqa.score(reference).unsqueeze(1), "out/clipiqa_reference");
}

class MusiqGolden : public ::testing::TestWithParam<std::filesystem::path> {};
SAMSR_GOLDEN_SUITE(MusiqGolden, testing::golden_files("musiq"));

TEST_P(MusiqGolden, ScoresMatch) {
  const Golden golden(GetParam());
  EXPECT_THAT(names_of(musiq_weights()), ::testing::UnorderedElementsAreArray(golden.param_names()));
  const Musiq musiq(testing::weights_by_rule(musiq_weights(), golden.salt()),
                    {metric_description("musiq"), 0, device()});
  for (const std::string image : {"distorted", "reference"}) {
    golden.expect_close(musiq.score(pictures(golden, "in/" + image)).unsqueeze(1), "out/musiq_" + image);
  }
}

/// The file's sequences carry padding, marked by a zero in their last number; ours have none.
TEST_P(MusiqGolden, PatchesPlacesAndScalesMatch) {
  const Golden golden(GetParam());
  ASSERT_EQ(golden.config()["longer_side_lengths"].as<std::vector<int>>(), (std::vector<int>{224, 384}));
  ASSERT_EQ(golden.config()["patch_size"].as<int>(), 32);
  ASSERT_EQ(golden.config()["hse_grid_size"].as<int>(), 10);
  const at::Tensor tail = golden.read("out/patches_tail");  // (B,S',3): place, scale, mask
  const at::Tensor kept = tail[0].select(1, 2).nonzero().squeeze(1);
  const at::Tensor shape = golden.read("out/patches_shape");
  ASSERT_EQ(shape[1].item<std::int64_t>(), tail.size(1));
  ASSERT_EQ(shape[2].item<std::int64_t>(), 3 * 32 * 32 + 3);

  const at::Tensor images = (pictures(golden, "in/reference").to(at::kFloat) / 255 - 0.5) * 2;
  const MusiqPatches patches = musiq_patches(images);
  ASSERT_EQ(patches.positions.size(0), kept.size(0));
  for (std::int64_t image = 0; image < tail.size(0); ++image) {
    EXPECT_TRUE(patches.positions.to(at::kFloat).equal(tail[image].index({kept}).select(1, 0)));
    EXPECT_TRUE(patches.scales.to(at::kFloat).equal(tail[image].index({kept}).select(1, 1)));
  }
  const at::Tensor means = patches.pixels.mean({1, 2, 3}).view({images.size(0), kept.size(0)});
  golden.expect_close(means, golden.read("out/patches_mean").index({torch::indexing::Slice(), kept}),
                      "out/patches_mean");
}

}  // namespace
}  // namespace samsr
