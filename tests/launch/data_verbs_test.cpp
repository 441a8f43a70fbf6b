// The data stage through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/shards.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<fs::path> shards_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".h5") {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

class DataVerbs : public ::testing::Test {
 protected:
  /// Every byte of what a build writes.
  static void expect_equal_shards(const fs::path& a, const fs::path& b) {
    const auto first = data_set_in(a);
    EXPECT_EQ(first.count("shard-000004.h5"), 1U);
    EXPECT_EQ(first, data_set_in(b));
  }

  const TemporaryFolder folder_;
};

TEST_F(DataVerbs, OneTwoAndThreeRanksWriteTheSameBytes) {
  for (const int ranks : {1, 2, 3}) {
    const Outcome built = run(samsr_on(ranks, build(folder_ / ("ranks" + std::to_string(ranks)))));
    ASSERT_EQ(built.status, 0) << built.output;
  }
  expect_equal_shards(folder_ / "ranks1", folder_ / "ranks2");
  expect_equal_shards(folder_ / "ranks1", folder_ / "ranks3");
}

TEST_F(DataVerbs, InspectShowsAndVerifyChecks) {
  fs::copy(shared_shards(), folder_ / "shards");
  const Outcome shown = run(samsr("data inspect " + (folder_ / "shards") + " --sheet " + (folder_ / "sheet.png")));
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("coverage"));
  EXPECT_FALSE(read_image(folder_ / "sheet.png").rgb.empty());
  const Outcome nowhere =
      run(samsr("data inspect " + (folder_ / "shards") + " --sheet " + (folder_ / "sheet.png/a.png")));
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_THAT(nowhere.output, AllOf(HasSubstr("is no folder"), Not(HasSubstr("coverage")))) << "before all else";
  EXPECT_EQ(run(samsr("data verify " + (folder_ / "shards"))).status, 0);

  fs::rename(folder_ / "shards/manifest.json", folder_ / "manifest");
  const Outcome unfinished = run(samsr("data verify " + (folder_ / "shards")));
  EXPECT_EQ(unfinished.status, 2);
  EXPECT_THAT(unfinished.output,
              AllOf(HasSubstr("the 5 shards that are there are sound"), Not(HasSubstr("delete the damaged"))));
  fs::rename(folder_ / "manifest", folder_ / "shards/manifest.json");
  fs::create_directories(folder_ / "none");
  const Outcome none = run(samsr("data verify " + (folder_ / "none")));
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.output, AllOf(HasSubstr("holds no shards"), Not(HasSubstr("delete the damaged"))));

  const fs::path shard = shards_in(folder_ / "shards").at(2);
  const auto size = fs::file_size(shard);
  flip_byte(shard, size / 2);
  const Outcome bad = run(samsr("data verify " + (folder_ / "shards")));
  EXPECT_EQ(bad.status, 2) << bad.output;
  EXPECT_THAT(bad.output, HasSubstr(shard.filename().string()));

  fs::resize_file(shard, size / 2);
  for (const char* verb : {"data verify ", "data inspect "}) {
    const Outcome cut = run(samsr(std::string(verb) + (folder_ / "shards")));
    EXPECT_EQ(cut.status, 2) << cut.output;
    EXPECT_THAT(cut.output, HasSubstr(shard.filename().string()));
  }
}

TEST_F(DataVerbs, ExportWritesPairsThatEvalTakes) {
  const Outcome exported = run(samsr("data export " + shared_shards() + " " + (folder_ / "pairs") + " --count 7"));
  ASSERT_EQ(exported.status, 0) << exported.output;
  EXPECT_EQ(list_images(folder_ / "pairs/lq").size(), 7U);
  EXPECT_EQ(list_images(folder_ / "pairs/gt").size(), 7U);
  EXPECT_EQ(read_image(list_images(folder_ / "pairs/gt").front()).rgb.rows, 64);
  const Outcome evaluated = run(samsr("eval --lq " + (folder_ / "pairs/lq") + " --ref " + (folder_ / "pairs/gt") +
                                      " --metrics psnr_y --out " + (folder_ / "report")));
  EXPECT_EQ(evaluated.status, 0) << evaluated.output;
}

TEST_F(DataVerbs, AnExportHoldsOneDataSetAndNothingOfTheUser) {
  const auto exported = [&](const fs::path& shards, const std::string& more = "") {
    return run(samsr("data export " + shards.string() + " " + (folder_ / "pairs") + more));
  };
  const auto pairs = [&] {
    const auto lq = contents(folder_ / "pairs/lq");
    EXPECT_EQ(lq.size(), contents(folder_ / "pairs/gt").size());
    return lq;
  };
  ASSERT_EQ(run(samsr(build(folder_ / "few", "data.samples=2 data.seed=9"))).status, 0);
  ASSERT_EQ(exported(folder_ / "few").status, 0);
  const auto few = pairs();
  ASSERT_EQ(few.size(), 2U);

  ASSERT_EQ(exported(shared_shards(), " --count 7").status, 0);
  EXPECT_EQ(pairs().size(), 7U);
  const Outcome fewer = exported(shared_shards(), " --first 1 --count 2");
  EXPECT_EQ(fewer.status, 0);
  EXPECT_THAT(fewer.output, HasSubstr("5 pairs of an earlier export removed"));
  EXPECT_EQ(pairs().size(), 2U);
  const Outcome other = exported(folder_ / "few");
  EXPECT_EQ(other.status, 0) << other.output;
  EXPECT_EQ(pairs(), few);
  const std::string regenerate = " --index 1 --out " + (folder_ / "pairs");
  const Outcome mixed = run(samsr("data regenerate " + shared_shards() + regenerate));
  EXPECT_EQ(mixed.status, 2);
  EXPECT_THAT(mixed.output, HasSubstr("holds pairs of another data set"));
  EXPECT_EQ(run(samsr("data regenerate " + (folder_ / "few") + regenerate)).status, 0);
  EXPECT_EQ(pairs(), few);

  // A picture of the user, whether the export has one of its name or not, and one that only lies there.
  write_text(folder_ / "pairs/lq/mine.png", "precious");
  for (const char* name : {"lq/sample-000005.png", "gt/sample-000077.png"}) {
    write_text(folder_ / "pairs" / name, "precious");
    for (const std::string& more : {std::string(), std::string(" --count 1")}) {
      const Outcome refused = exported(shared_shards(), more);
      EXPECT_EQ(refused.status, 2);
      EXPECT_THAT(refused.output, HasSubstr(std::string(name) + ": was not written by this samsr"));
    }
    EXPECT_EQ(read_file(folder_ / "pairs" / name), "precious");
    fs::remove(folder_ / "pairs" / name);
  }
  EXPECT_EQ(exported(shared_shards(), " --count 1").status, 0);
  EXPECT_EQ(read_file(folder_ / "pairs/lq/mine.png"), "precious");
}

TEST_F(DataVerbs, StagesAreNamedInAnyWay) {
  for (const std::string& stages : {std::string("--stage pairs"), std::string("--stage=masks,latents")}) {
    const Outcome built = run(samsr(build(folder_ / "steps", stages)));
    ASSERT_EQ(built.status, 0) << built.output;
  }
  const Outcome again = run(samsr(build(folder_ / "steps", "--stage latents --stage masks")));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("5 of 5 shards are complete and kept"));
  expect_equal_shards(shared_shards(), folder_ / "steps");
  const Outcome wrong = run(samsr(build(folder_ / "steps", "--stage stars")));
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.output, HasSubstr("--stage stars"));
}

TEST_F(DataVerbs, RegenerateSaysWhetherAPairIsTheStoredOne) {
  const std::string command = "data regenerate " + shared_shards() + " --index 17 --out " + (folder_ / "pair");
  const Outcome same = run(samsr(command));
  EXPECT_EQ(same.status, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("identical"));
  succeed(samsr("data export " + shared_shards() + " " + (folder_ / "pairs")));
  for (const char* file : {"/lq/sample-000017.png", "/gt/sample-000017.png"}) {
    EXPECT_EQ(read_file(folder_ / (std::string("pair") + file)), read_file(folder_ / (std::string("pairs") + file)));
  }
  for (const fs::path& path : write_golden_photographs(folder_ / "photographs")) {
    write_png(path, 255 - read_image(path).rgb);
  }
  const Outcome changed = run(samsr(command + " data.images=" + (folder_ / "photographs")));
  EXPECT_EQ(changed.status, 2) << changed.output;
  EXPECT_THAT(changed.output, HasSubstr("hr, lr differ"));
  EXPECT_THAT(run(samsr(command + " data.image=x")).output, HasSubstr("did you mean 'data.images'?"));
  EXPECT_THAT(run(samsr(command + " data.seed=4")).output, HasSubstr("data.seed is 3 there and 4 now"));
}

TEST_F(DataVerbs, RegenerateComparesEveryByteOfAllOrSomeSamples) {
  const std::string all = "data regenerate " + shared_shards() + " --all --compare";
  for (const int ranks : {1, 3}) {
    const Outcome same = run(samsr_on(ranks, all));
    EXPECT_EQ(same.status, 0) << same.output;
    EXPECT_THAT(same.output, HasSubstr("24 samples made again, identical to those stored in every byte of hr, lr, "
                                       "coverage, coverage_hr, z_hr, z_lr, source"));
  }
  const Outcome some =
      run(samsr("data regenerate " + shared_shards() + " --first 3 --count 9 --compare --out " + (folder_ / "some")));
  EXPECT_EQ(some.status, 0) << some.output;
  EXPECT_THAT(some.output, HasSubstr("9 samples made again"));
  succeed(samsr("data export " + shared_shards() + " " + (folder_ / "exported") + " --first 3 --count 9"));
  EXPECT_EQ(contents(folder_ / "some/gt"), contents(folder_ / "exported/gt"));
  EXPECT_EQ(contents(folder_ / "some/lq"), contents(folder_ / "exported/lq"));

  // Values changed with their checksums, as by another version: seen wherever they are.
  fs::copy(shared_shards(), folder_ / "changed");
  for (const auto& [sample, field] : {std::pair(7, "coverage"), std::pair(19, "z_lr"), std::pair(20, "hr")}) {
    change_samples(folder_ / "changed", static_cast<std::uint64_t>(sample) / 5, [&](std::uint64_t index, Sample& each) {
      if (index == static_cast<std::uint64_t>(sample)) {
        each.field(field).flatten()[0].add_(1);
      }
    });
  }
  for (const int ranks : {1, 2}) {
    const Outcome changed = run(samsr_on(ranks, "data regenerate " + (folder_ / "changed") + " --all --compare"));
    EXPECT_EQ(changed.status, 2);
    EXPECT_THAT(changed.output,
                AllOf(HasSubstr("sample 7 (shard-000001.h5 sample 2): coverage differs"),
                      HasSubstr("sample 19 (shard-000003.h5 sample 4): z_lr differs"),
                      HasSubstr("sample 20 (shard-000004.h5 sample 0): hr differs"), HasSubstr("3 of 24 samples")));
  }
  const Outcome elsewhere = run(samsr("data regenerate " + (folder_ / "changed") + " --first 8 --count 11 --compare"));
  EXPECT_EQ(elsewhere.status, 0) << elsewhere.output;
  flip_byte(shards_in(folder_ / "changed").at(0), fs::file_size(shards_in(folder_ / "changed").at(0)) / 2);
  const Outcome damaged = run(samsr("data regenerate " + (folder_ / "changed") + " --first 0 --count 5 --compare"));
  EXPECT_EQ(damaged.status, 2);
  EXPECT_THAT(damaged.output, HasSubstr("is damaged: its checksum does not match"));
}

TEST_F(DataVerbs, RegenerateWantsToKnowWhatOnce) {
  const std::string command = "data regenerate " + shared_shards();
  for (const char* samples : {"", " --index 1 --all", " --all --count 2", " --index 1 --first 1"}) {
    const Outcome refused = run(samsr(command + samples + " --compare"));
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.output, HasSubstr("say which samples")) << samples;
  }
  EXPECT_THAT(run(samsr(command + " --all")).output, HasSubstr("say what becomes of the samples"));
  EXPECT_THAT(run(samsr(command + " --index 24 --compare")).output, HasSubstr("--index 24: "));
  EXPECT_THAT(run(samsr(command + " --first 20 --count 5 --compare")).output, HasSubstr("holds 4 samples from 20 on"));
  EXPECT_THAT(run(samsr("data regenerate " + (folder_ / "absent") + " --all --compare")).output,
              HasSubstr("no such folder of shards"));
  const Outcome moved = run(samsr(command + " --all --compare data.images=" + (folder_ / "absent")));
  EXPECT_EQ(moved.status, 2);
  EXPECT_THAT(moved.output, HasSubstr("absent: no such folder or file"));
}

TEST_F(DataVerbs, LikeContinuesADataSetWithItsOwnSettings) {
  const auto like = [&](const std::string& more) {
    return run(samsr("data build --like " + (folder_ / "grown") + " " + more));
  };
  succeed(samsr(build(folder_ / "grown", "data.samples=12")));
  const Outcome grown = like("data.samples=24");
  EXPECT_EQ(grown.status, 0) << grown.output;
  expect_equal_shards(folder_ / "grown", shared_shards());

  // After an interruption, and when there is nothing left to do.
  fs::remove(folder_ / "grown/manifest.json");
  fs::remove(folder_ / "grown/shard-000003.h5");
  EXPECT_EQ(like("data.samples=24").status, 0);
  EXPECT_THAT(like("data.samples=24").output, HasSubstr("5 of 5 shards are complete and kept"));
  expect_equal_shards(folder_ / "grown", shared_shards());

  // A stage that is made again needs no photographs; the set is continued from them all the same.
  succeed(samsr("data build" + small_settings() + "--stage latents data.out=" + (folder_ / "grown")));
  const Outcome after = like("data.samples=26");
  EXPECT_EQ(after.status, 0) << after.output;

  // Settings that no shard records come from config.yaml; without it they are given.
  fs::remove(folder_ / "grown/config.yaml");
  EXPECT_THAT(like("data.samples=30").output, HasSubstr("data.images is not set"));
  EXPECT_EQ(like("data.samples=30 data.images=" + shared_photographs()).status, 0);

  const Outcome elsewhere = like("data.samples=24 data.out=" + (folder_ / "elsewhere"));
  EXPECT_EQ(elsewhere.status, 0) << elsewhere.output;
  expect_equal_shards(folder_ / "elsewhere", shared_shards());

  for (const auto& [more, words] :
       {std::pair("data.samples=40 data.seed=9", "data.seed is 3 there and 9 now"),
        std::pair("data.samples=40 masks.graph_sigma=0.7", "masks.graph_sigma is 0.8 there and 0.7 now"),
        std::pair("data.samples=3", "raise data.samples"), std::pair("", "data.samples=N"),
        std::pair("data.samples=40 --config x.yaml", "give one of them")}) {
    const Outcome refused = like(more);
    EXPECT_EQ(refused.status, 2) << more;
    EXPECT_THAT(refused.output, HasSubstr(words)) << more;
  }
  EXPECT_THAT(run(samsr("data build --like " + (folder_ / "absent") + " data.samples=3")).output,
              HasSubstr("no such folder of shards"));
  EXPECT_THAT(run(samsr("data build --like " + folder_.folder("empty").string() + " data.samples=3")).output,
              HasSubstr("has no shards"));
}

TEST_F(DataVerbs, ASetOfSeveralPassesIsContinuedAndMadeAgain) {
  const std::string passes = folder_ / "passes";
  succeed(samsr(build(passes, "data.samples=8 data.passes=2")));
  const Outcome same = run(samsr_on(2, "data regenerate " + passes + " --all --compare"));
  EXPECT_EQ(same.status, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("16 samples made again"));
  EXPECT_THAT(run(samsr("data build --like " + passes)).output, HasSubstr("has several passes, data.passes=N"));
  succeed(samsr("data build --like " + passes + " data.passes=3"));
  succeed(samsr(build(folder_ / "at_once", "data.samples=8 data.passes=3")));
  expect_equal_shards(folder_ / "at_once", passes);
  EXPECT_THAT(run(samsr("data build --like " + passes + " data.samples=9")).output,
              HasSubstr("data.samples is 8 there and 9 now"));
}

TEST_F(DataVerbs, ImagenetTestIsMadeAndReadAsABenchmark) {
  const std::string command =
      "data imagenet-test --images " + shared_photographs() + " --out " + (folder_ / "imagenet256") + " ";
  const Outcome few = run(samsr(command));
  EXPECT_EQ(few.status, 2);
  EXPECT_THAT(few.output, HasSubstr("3000 are to be chosen"));
  EXPECT_EQ(run(samsr(command + "--list a.txt --count 3")).status, 2);
  EXPECT_THAT(run(samsr(command + "--count 0")).output, HasSubstr("whole number of at least 1"));
  EXPECT_THAT(run(samsr(command + "--list " + (folder_ / "absent.txt"))).output, HasSubstr("absent.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "imagenet256"));
  for (const int ranks : {1, 3}) {
    const fs::path out = folder_ / ("ranks" + std::to_string(ranks));
    const Outcome made =
        run(samsr_on(ranks, "data imagenet-test --images " + shared_photographs() + " --count 2 --out " + out));
    ASSERT_EQ(made.status, 0) << made.output;
    EXPECT_EQ(list_images(out / "gt").size(), 2U);
  }
  for (const char* part : {"", "lq", "gt"}) {
    EXPECT_EQ(contents(folder_ / "ranks1" / part), contents(folder_ / "ranks3" / part));
  }
  succeed(samsr(command + "--count 2"));
  const Outcome evaluated = run(samsr("eval --benchmark imagenet_test eval.benchmarks=" + folder_.path().string() +
                                      " --metrics psnr_y --keep-going --out " + (folder_ / "report")));
  EXPECT_THAT(evaluated.output, AllOf(HasSubstr("2"), HasSubstr("3000")));
  EXPECT_TRUE(fs::exists(folder_ / "report/results.csv")) << evaluated.output;
}

TEST_F(DataVerbs, AFullDiskLosesNoShardThatIsDone) {
  const Outcome failed = run("trap '' XFSZ; ulimit -f 100; " + samsr(build(folder_ / "full")));
  EXPECT_EQ(failed.status, 2) << failed.output;
  const Outcome finished = run(samsr(build(folder_ / "full")));
  EXPECT_EQ(finished.status, 0) << finished.output;
  expect_equal_shards(shared_shards(), folder_ / "full");
}

TEST_F(DataVerbs, PhotographsThatCannotBeUsedAreNamedAndCounted) {
  write_golden_photographs(folder_ / "photographs");
  write_text(folder_ / "photographs/text.png", "this is not a photograph");
  write_png(folder_ / "photographs/tiny.png", cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3)));
  const Outcome built =
      run(samsr(build(folder_ / "shards", "data.min_size=80 data.images=" + (folder_ / "photographs"))));
  ASSERT_EQ(built.status, 0) << built.output;
  EXPECT_THAT(built.output, HasSubstr("text.png"));
  EXPECT_THAT(built.output, HasSubstr("tiny.png"));
  EXPECT_THAT(built.output, HasSubstr("1 too small, 1 unreadable"));
}

TEST_F(DataVerbs, ABuildOfNothingIsAnError) {
  for (const std::string& images : {folder_.folder("empty").string(), (folder_ / "absent").string(), std::string()}) {
    const Outcome outcome = run(samsr(build(folder_ / "x", "data.images=" + images)));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(images.empty() ? "data.images" : images));
  }
}

}  // namespace
}  // namespace samsr::testing
