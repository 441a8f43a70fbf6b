// The build stage by stage: what comes out is compared, byte by byte, with what a build in one go writes.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "data/build/build.h"
#include "data/build/stages/latents_stage.h"
#include "data/build/stages/pairs_stage.h"
#include "data/build_fixtures.h"
#include "data/images/image_file.h"
#include "data/shards/shard_set.h"
#include "data/tools/inspect.h"
#include "diffusion/coverage.h"
#include "segmentation/automatic/rle.h"
#include "segmentation/mask_source.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::contents;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

class Stages : public ::testing::Test {
 protected:
  Stages() { testing::write_drawn_photographs(folder_ / "photos", 4); }

  BuildSettings settings(const std::string& out) const {
    return testing::small_build(folder_ / "photos", folder_ / out);
  }

  void build(const BuildSettings& settings, const std::vector<std::string>& stages = {}) {
    Log log(lines_, 0, 1, false);
    build_with_stages(settings, testing::stages_with(testing::make_test_rollout(), settings, stages, *comm_, log),
                      "config\n", *comm_, log);
  }
  std::string building(const BuildSettings& settings, const std::vector<std::string>& stages = {}) {
    return error_of([&] { build(settings, stages); });
  }

  TemporaryFolder folder_;
  std::ostringstream lines_;
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(Stages, OneByOneInAnyOrderGiveTheSameBytes) {
  build(settings("whole"), {"all"});
  const auto expected = contents(folder_ / "whole");
  const std::vector<std::vector<std::vector<std::string>>> orders{
      {{"pairs"}, {"masks"}, {"latents"}, {"rollout"}},
      {{"pairs"}, {"latents"}, {"masks"}, {"rollout"}},
      {{"latents", "pairs"}, {"rollout", "masks"}},
      {{}, {"rollout"}},
      {{"all"}, {}, {"masks"}},
  };
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::string out = "order" + std::to_string(i);
    for (const auto& stages : orders[i]) {
      build(settings(out), stages);
    }
    EXPECT_EQ(contents(folder_ / out), expected) << out;
  }
}

TEST_F(Stages, AStageIsNotDoneTwice) {
  build(settings("out"), {"all"});
  EXPECT_THAT(lines_.str(), Not(HasSubstr("complete and kept")));
  const auto before = fs::last_write_time(folder_ / "out/shard-000001.h5");
  build(settings("out"), {"all"});
  EXPECT_THAT(lines_.str(), HasSubstr("4 of 4 shards are complete and kept"));
  EXPECT_EQ(fs::last_write_time(folder_ / "out/shard-000001.h5"), before);
}

TEST_F(Stages, AnInterruptedStageGoesOn) {
  build(settings("whole"), {"all"});
  build(settings("pairs"), {"pairs"});
  build(settings("out"), {"all"});
  // As if the process had ended while it added stages to the third of four shards.
  for (const char* shard : {"shard-000002.h5", "shard-000003.h5"}) {
    fs::copy_file(folder_ / "pairs" / shard, folder_ / "out" / shard, fs::copy_options::overwrite_existing);
  }
  fs::remove(folder_ / "out/manifest.json");
  std::ostringstream shown;
  inspect(folder_ / "out", {}, shown);
  EXPECT_THAT(shown.str(), HasSubstr("masks (2 of 4 shards)"));
  EXPECT_THAT(building(settings("out")), AllOf(HasSubstr("only shard-000000.h5"), HasSubstr("--stage rollout")));
  EXPECT_FALSE(fs::exists(folder_ / "out/manifest.json"));
  build(settings("out"), {"rollout"});
  EXPECT_EQ(contents(folder_ / "out"), contents(folder_ / "whole"));
}

TEST_F(Stages, ReplacesWhatIsNamedAndRefusesTheRest) {
  BuildSettings other = settings("out");
  other.masks.pool_threshold = 0.9;
  build(settings("out"));
  const std::string message = building(other);
  EXPECT_THAT(message, AllOf(HasSubstr("shard-000000.h5"), HasSubstr("masks.pool_threshold is 0.5 there and 0.9 now"),
                             HasSubstr("--stage masks")));
  build(other, {"masks"});
  BuildSettings fresh = other;
  fresh.data.out = (folder_ / "fresh").string();
  build(fresh);
  EXPECT_EQ(contents(folder_ / "out"), contents(folder_ / "fresh"));
}

TEST_F(Stages, WhatDependsOnReplacedFieldsIsDoneAgain) {
  build(settings("out"), {"all"});
  BuildSettings other = settings("out");
  other.data.seed = 6;
  EXPECT_THAT(building(other, {"pairs"}), AllOf(HasSubstr("latents was made from fields that would be replaced"),
                                                HasSubstr("--stage pairs,latents")));
  EXPECT_THAT(building(other, {"pairs,masks"}), HasSubstr("no such stage"));
  EXPECT_THAT(building(other, {"pairs", "masks", "latents"}), HasSubstr("rollout was made from fields"));
  build(other, {"pairs", "masks", "latents", "rollout"});
  BuildSettings fresh = other;
  fresh.data.out = (folder_ / "fresh").string();
  build(fresh, {"all"});
  EXPECT_EQ(contents(folder_ / "out"), contents(folder_ / "fresh"));
}

TEST_F(Stages, SayWhatMustBeDoneFirst) {
  EXPECT_THAT(building(settings("out"), {"masks"}), AllOf(HasSubstr("no hr"), HasSubstr("--stage pairs,masks")));
  build(settings("out"), {"pairs"});
  EXPECT_THAT(building(settings("out"), {"rollout"}), HasSubstr("--stage masks,rollout"));
  EXPECT_THAT(building(settings("out"), {"stars"}), AllOf(HasSubstr("--stage stars"), HasSubstr("latents")));
}

TEST_F(Stages, LaterStagesNeedNoPhotographs) {
  build(settings("out"), {"pairs"});
  fs::remove_all(folder_ / "photos");
  BuildSettings masks = settings("out");
  masks.data.images = "";
  build(masks, {"masks", "latents"});
  EXPECT_NE(ShardSet(folder_ / "out").find("coverage"), nullptr);
}

TEST_F(Stages, DamageIsNotCopied) {
  build(settings("out"), {"pairs"});
  testing::flip_byte(folder_ / "out/shard-000002.h5", "lr", 1);
  EXPECT_THAT(building(settings("out"), {"masks"}), AllOf(HasSubstr("shard-000002.h5: sample 1 field lr")));
}

TEST_F(Stages, KeptMasksGiveTheStoredCoverage) {
  BuildSettings keeping = settings("out");
  keeping.data.keep_masks = true;
  build(keeping);
  const ShardSet set(folder_ / "out");
  std::int64_t count = 0;
  for (std::uint64_t i = 0; i < set.size(); ++i) {
    const auto json = nlohmann::json::parse(set.read_text(i, "masks").value());
    for (const auto& [image, field] : {std::pair("lr", "coverage"), std::pair("hr", "coverage_hr")}) {
      at::Tensor stored = at::empty({16, 16}, at::kByte);
      ASSERT_TRUE(set.read(i, field, stored.data_ptr()));
      std::vector<at::Tensor> masks{at::zeros({64, 64}, at::kByte)};  // adds nothing, and a picture may have none
      for (const auto& mask : json.at(image)) {
        EXPECT_EQ(mask.at("size"), nlohmann::json({64, 64}));
        masks.push_back(decode_coco_rle(mask.at("counts").get<std::string>(), 64, 64));
        ++count;
      }
      EXPECT_TRUE(at::equal(coverage(pool_masks(at::stack(masks), 4, 0.5)), stored)) << i << " " << field;
    }
  }
  EXPECT_GT(count, 11);
  std::ostringstream shown;
  inspect(folder_ / "out", {}, shown);
  EXPECT_THAT(shown.str(), HasSubstr("of the hr images"));
  EXPECT_THAT(building(settings("out")), HasSubstr("masks.keep is true there and false now"));
}

/// Latents that are pictures: the LR image itself, in [-1,1], of the HR image's size.
BuildSettings of_latents(BuildSettings settings) {
  settings.data.scale = 1;
  settings.first_stage.factor = 1;
  settings.masks.picture = "latent";
  settings.masks.graph_reduce = 1;
  return settings;
}

/// The coverage of a picture of levels that are stretched from `lowest` to `highest`, by plain loops.
at::Tensor coverage_of_stretched(const at::Tensor& map, double lowest, double highest, const MaskSettings& masks) {
  cv::Mat picture(static_cast<int>(map.size(1)), static_cast<int>(map.size(2)), CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const auto number = static_cast<float>(map[channel][y][x].item<double>() - lowest);
        const float level = number / static_cast<float>(highest - lowest + 1e-6) * 255;
        picture.at<cv::Vec3b>(y, x)[2 - channel] = static_cast<std::uint8_t>(std::clamp(level, 0.F, 255.F));
      }
    }
  }
  return make_mask_source(masks)->masks(picture).sum(0).to(at::kByte);
}

at::Tensor stored(const ShardSet& set, std::uint64_t sample, const char* name) {
  const ShardField& field = *set.find(name);
  at::Tensor tensor = at::empty(field.shape, field.type);
  EXPECT_TRUE(set.read(sample, name, tensor.data_ptr()));
  return tensor;
}

TEST_F(Stages, MasksOfLatentsAreThoseOfTheStretchedLatent) {
  BuildSettings each = of_latents(settings("each"));
  BuildSettings together = of_latents(settings("together"));
  together.masks.latent_range = "batch";
  together.masks.range_group = 2;
  build(each);
  build(together);
  const ShardSet by_sample(folder_ / "each");
  const ShardSet by_batch(folder_ / "together");
  std::int64_t covered = 0;
  std::int64_t different = 0;
  for (std::uint64_t i = 0; i < by_sample.size(); ++i) {
    const auto latent = [&](std::uint64_t sample) { return stored(by_sample, sample, "z_lr").to(at::kDouble); };
    const at::Tensor map = latent(i);
    const at::Tensor alone = coverage_of_stretched(map, map.min().item<double>(), map.max().item<double>(), each.masks);
    EXPECT_TRUE(at::equal(alone, stored(by_sample, i, "coverage"))) << i;
    // Shards of three: the pairs are 0-1, and 2 by itself.
    const std::uint64_t place = i % 3;
    const std::uint64_t partner = place == 0 && i + 1 < by_sample.size() ? i + 1 : place == 1 ? i - 1 : i;
    const at::Tensor group = at::stack({map, latent(partner)});
    const at::Tensor shared =
        coverage_of_stretched(map, group.min().item<double>(), group.max().item<double>(), each.masks);
    EXPECT_TRUE(at::equal(shared, stored(by_batch, i, "coverage"))) << i;
    covered += alone.count_nonzero().item<std::int64_t>();
    different += at::equal(alone, shared) ? 0 : 1;
  }
  EXPECT_GT(covered, 1000);
  EXPECT_GT(different, 0) << "a range of two would be that of each";
  const StageContents said = split_content(by_batch.header().content);
  EXPECT_THAT(said.at("masks"), HasSubstr("masks.picture: latent\nmasks.latent_range: batch\nmasks.range_group: 2\n"));
}

TEST_F(Stages, MasksOfLatentsComeAfterThemAndGoWithThem) {
  build(of_latents(settings("whole")), {"all"});
  build(of_latents(settings("out")), {"pairs"});
  EXPECT_THAT(building(of_latents(settings("out")), {"masks"}), HasSubstr("--stage latents,masks"));
  build(of_latents(settings("out")), {"masks", "latents"});
  build(of_latents(settings("out")), {"rollout"});
  EXPECT_EQ(contents(folder_ / "out"), contents(folder_ / "whole"));
  BuildSettings other = of_latents(settings("out"));
  other.first_stage.scale_factor = 0.5;
  EXPECT_THAT(building(other, {"latents"}), AllOf(HasSubstr("masks was made from fields that would be replaced")));
  build(settings("pictures"), {"all"});
  BuildSettings replaced = settings("pictures");
  replaced.first_stage.scale_factor = 0.5;
  EXPECT_THAT(building(replaced, {"latents"}), HasSubstr("its stage rollout")) << "masks of pictures need no latents";
  BuildSettings deep = settings("deep");
  deep.masks.picture = "latent";
  EXPECT_THAT(building(deep), AllOf(HasSubstr("48 channels"), HasSubstr("masks.picture=lr")));
}

TEST_F(Stages, ImagesWithoutMasksAreCounted) {
  fs::remove_all(folder_ / "photos");
  fs::create_directories(folder_ / "photos");
  write_png(folder_ / "photos/flat.png", cv::Mat(100, 100, CV_8UC3, cv::Scalar(90, 90, 90)));
  BuildSettings flat = settings("out");
  flat.degradation.kind = "bicubic";
  build(flat);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("masks: 11 low-resolution images without any mask"),
                                  HasSubstr("masks: 11 high-resolution images without any mask")));
}

TEST_F(Stages, AnyScaleWillDo) {
  for (const int scale : {1, 2, 3}) {
    BuildSettings scaled = settings("scale" + std::to_string(scale));
    scaled.data.scale = scale;
    scaled.data.gt_size = 60;
    scaled.data.crop_pad_size = 72;
    scaled.data.latents = false;
    scaled.data.samples = 3;
    build(scaled);
    const ShardSet set(fs::path(scaled.data.out));
    EXPECT_EQ(set.find("coverage")->shape, (std::vector<std::int64_t>{60 / scale, 60 / scale}));
    EXPECT_EQ(set.find("lr")->shape[0], 60 / scale);
  }
}

TEST(PairsSettingLines, LeaveOutWhatDoesNotChangeAPair) {
  BuildSettings a;
  BuildSettings b;
  b.data.images = "elsewhere";
  b.data.out = "elsewhere";
  b.data.samples = 7;
  b.data.cache_mb = 1;
  b.data.latents = false;
  b.first_stage.type = "none";
  b.masks.graph_sigma = 3;
  EXPECT_EQ(pairs_setting_lines(a), pairs_setting_lines(b));
  EXPECT_THAT(pairs_setting_lines(a), HasSubstr("degradation.use_sharp: false\n")) << "as when it was yes or no";
  b.degradation.use_sharp = "true";
  EXPECT_NE(pairs_setting_lines(a), pairs_setting_lines(b));
}

TEST(LatentsStage, NamesTheDeviceThatComputedThemUnlessItIsTheCpu) {
  FirstStageSettings lossless;
  lossless.type = "space_to_depth";
  EXPECT_THAT(make_latents_stage(lossless, c10::Device(c10::kCPU))->content(), Not(HasSubstr("device")));
  EXPECT_THAT(make_latents_stage(lossless, c10::Device(c10::kMeta))->content(), HasSubstr("\ndevice: meta\n"));
}

TEST(Content, SplitsAndJoins) {
  const StageContents contents{{"latents", "first_stage.type: none\n"}, {"pairs", "data.seed: 3\nphotographs: 00ff\n"}};
  const std::string text = join_content(contents);
  EXPECT_EQ(text, "[pairs]\ndata.seed: 3\nphotographs: 00ff\n[latents]\nfirst_stage.type: none\n");
  EXPECT_EQ(split_content(text), contents);
  EXPECT_EQ(config_of_content(text), "data:\n  seed: 3\nfirst_stage:\n  type: none\n");
}

}  // namespace
}  // namespace samsr
