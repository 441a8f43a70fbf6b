#include "eval/measure/benchmarks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "models/weights/sha256.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

using testing::error_of;

ImageSet images_called(const std::vector<std::string>& names) {
  ImageSet set;
  for (const std::string& name : names) {
    set.emplace(name, name + ".png");
  }
  return set;
}

TEST(BenchmarkCatalogue, TheShippedOneHasTheSetsOfThePublishedTables) {
  const BenchmarkCatalogue catalogue = load_benchmarks({}, "sets");
  const Benchmark realsr = catalogue.find("realsr", 4);
  EXPECT_EQ(realsr.title, "RealSR");
  EXPECT_EQ(realsr.lq, "sets/RealSR");
  EXPECT_TRUE(realsr.gt.empty());
  EXPECT_EQ(realsr.names.size(), 100U);
  EXPECT_EQ(realsr.digests.size(), 50U);
  const Benchmark realset65 = catalogue.find("realset65", 4);
  EXPECT_EQ(realset65.count, 65);
  EXPECT_EQ(realset65.copy_count, 55);
  EXPECT_EQ(realset65.digests.size(), 33U);
  const Benchmark imagenet = catalogue.find("imagenet_test", 4);
  EXPECT_EQ(imagenet.count, 3000);
  EXPECT_EQ(imagenet.size, 256);
  EXPECT_FALSE(imagenet.gt.empty());
}

TEST(BenchmarkCatalogue, AFolderStandsForASet) {
  const testing::TemporaryFolder scratch;
  scratch.folder("pairs/lq");
  scratch.folder("pairs/gt");
  scratch.folder("photographs");
  const BenchmarkCatalogue catalogue = load_benchmarks({}, scratch / "nowhere");
  const Benchmark pairs = catalogue.find((scratch / "pairs").string(), 2);
  EXPECT_EQ(pairs.name, "pairs");
  EXPECT_EQ(pairs.lq, scratch / "pairs/lq");
  EXPECT_EQ(pairs.gt, scratch / "pairs/gt");
  EXPECT_EQ(pairs.scale, 2);
  EXPECT_EQ(pairs.count, 0);
  const Benchmark named = catalogue.find("mine=" + (scratch / "photographs").string(), 4);
  EXPECT_EQ(named.name, "mine");
  EXPECT_EQ(named.lq, scratch / "photographs");
  EXPECT_TRUE(named.gt.empty());
  const Benchmark placed = catalogue.find("realsr=" + (scratch / "photographs").string(), 4);
  EXPECT_EQ(placed.title, "RealSR");
  EXPECT_EQ(placed.lq, scratch / "photographs");
  EXPECT_THAT(error_of([&] { catalogue.find("realset56", 4); }),
              AllOf(HasSubstr("neither a benchmark"), HasSubstr("did you mean 'realset65'")));
}

TEST(BenchmarkCatalogue, ANameThatLeadsOutOfTheFolderOfResultsIsRefused) {
  const testing::TemporaryFolder scratch;
  scratch.folder("wild");
  const BenchmarkCatalogue catalogue("benchmarks: [{name: ../x, title: X, lq: l}]", "b.yaml", "sets");
  for (const std::string name : {".", "..", "a/b"}) {
    EXPECT_THAT(error_of([&] { catalogue.find_all({name + "=" + (scratch / "wild").string()}, 4); }),
                HasSubstr("cannot be the name of a folder"))
        << name;
  }
  EXPECT_THAT(error_of([&] { catalogue.find_all({"../x"}, 4); }), HasSubstr("'../x' cannot be the name of a folder"));
  EXPECT_EQ(catalogue.find_all({"x=" + (scratch / "wild").string()}, 4).front().name, "x");
}

TEST(BenchmarkCatalogue, MistakesAreNamedWithTheirPlace) {
  const auto message = [](const std::string& yaml) {
    return error_of([&] { const BenchmarkCatalogue catalogue(yaml, "b.yaml", "sets"); });
  };
  EXPECT_EQ(message("benchmarks: [{name: a, title: A, lq: l, names: ['x{1..3}']}]"), "no error");
  EXPECT_THAT(message("benchmarks:\n  - {name: a, title: A}"), HasSubstr("b.yaml:2: an entry lacks 'lq'"));
  EXPECT_THAT(message("benchmarks: [{name: a, title: A, lq: l, cuont: 3}]"), HasSubstr("did you mean 'count'"));
  EXPECT_THAT(message("benchmarks: [{name: a, title: A, lq: l, count: many}]"), HasSubstr("expected a whole number"));
  EXPECT_THAT(message("benchmarks: [{name: a, title: A, lq: l, count: 2, names: [b]}]"),
              HasSubstr("count is 2, but names has 1"));
  EXPECT_THAT(message("benchmarks: [{name: a, title: A, lq: l, sha256: [12ab a.png]}]"),
              HasSubstr("sha256: '12ab a.png' is not a digest"));
  EXPECT_THAT(message("benchmarks: [{name: a, title: A, lq: l}, {name: a, title: A, lq: l}]"),
              HasSubstr("listed twice"));
  EXPECT_THAT(error_of([] { load_benchmarks("absent.yaml", "sets"); }), HasSubstr("absent.yaml"));
}

TEST(ExpandPattern, CountsUpWithTheWidthOfTheFirstNumber) {
  EXPECT_EQ(expand_pattern("plain"), std::vector<std::string>{"plain"});
  EXPECT_EQ(expand_pattern("a{08..11}b"), (std::vector<std::string>{"a08b", "a09b", "a10b", "a11b"}));
  EXPECT_THAT(error_of([] { expand_pattern("a{1..b"); }), HasSubstr("expected a range"));
  EXPECT_THAT(error_of([] { expand_pattern("a{3..1}"); }), HasSubstr("expected a range"));
}

TEST(CheckCompleteness, SaysWhatIsMissing) {
  Benchmark benchmark;
  benchmark.title = "Set";
  benchmark.lq = "folder";
  benchmark.address = "https://somewhere";
  benchmark.names = expand_pattern("a{1..5}");
  InputProblems strict;
  EXPECT_EQ(error_of([&] { check_completeness(benchmark, images_called(benchmark.names), strict); }), "no error");
  EXPECT_THAT(error_of([&] {
                check_completeness(benchmark, images_called({"a1", "b"}), strict);
              }),
              AllOf(HasSubstr("4 of 5 images are missing: a2, a3, a4 and 1 more"),
                    HasSubstr("1 do not belong to it: b"), HasSubstr("https://somewhere")));
  benchmark.names.clear();
  benchmark.count = 5;
  EXPECT_THAT(error_of([&] {
                check_completeness(benchmark, images_called({"a", "b"}), strict);
              }),
              HasSubstr("2 images instead of 5"));
  std::ostringstream out;
  Log log(out, 0, 1, false);
  InputProblems survived(log);
  check_completeness(benchmark, images_called({"a", "b"}), survived);
  EXPECT_EQ(survived.count(), 1);
  EXPECT_THAT(out.str(), HasSubstr("2 images instead of 5"));
}

TEST(CheckCompleteness, TheCopyThatLacksSomeIsCalledByItsName) {
  Benchmark benchmark = load_benchmarks({}, "sets").find("realset65", 4);
  std::vector<std::string> names;
  for (const auto& [name, digest] : benchmark.digests) {
    names.push_back(name);
  }
  while (names.size() < 55) {
    names.push_back("other" + std::to_string(names.size()));
  }
  InputProblems strict;
  const auto message = [&] { return error_of([&] { check_completeness(benchmark, images_called(names), strict); }); };
  EXPECT_THAT(message(), AllOf(HasSubstr("this is the copy of https://github.com/Liu-Zihang/SAMSR"),
                               HasSubstr("55 of the 65 images"), HasSubstr("zsyOAOA/ResShift")));
  names.pop_back();
  EXPECT_THAT(message(), HasSubstr("54 images instead of 65"));
  names.push_back("another");
  for (std::size_t i = 0; i < 10; ++i) {
    names[i] = "foreign" + std::to_string(i);
  }
  EXPECT_THAT(message(), HasSubstr("this is the copy"));  // it may be those ten that the copy lacks
  names[10] = "foreign10";
  EXPECT_THAT(message(), HasSubstr("55 images instead of 65"));
}

TEST(ChangedFiles, AreNamedWithWhereTheyArePublished) {
  const testing::TemporaryFolder scratch;
  testing::write_text(scratch / "a.png", "a");
  testing::write_text(scratch / "b.jpg", "b");
  Benchmark benchmark;
  benchmark.title = "Set";
  benchmark.lq = scratch.path();
  benchmark.address = "https://somewhere";
  benchmark.digests = {{"a", sha256_of("a")}, {"b", sha256_of("b")}, {"absent", sha256_of("c")}};
  const ImageSet lq{{"a", scratch / "a.png"}, {"b", scratch / "b.jpg"}};
  EXPECT_EQ(changed_files(benchmark, lq), "");
  testing::write_text(scratch / "b.jpg", "B");
  EXPECT_THAT(changed_files(benchmark, lq),
              AllOf(HasSubstr("Set in "), HasSubstr("1 of 2 files whose SHA-256 is known differ"), HasSubstr("b.jpg"),
                    HasSubstr("https://somewhere")));
  fs::remove(scratch / "b.jpg");
  EXPECT_EQ(changed_files(benchmark, lq), "") << "a file that cannot be read is no other file";
}

TEST(ChangedFiles, ThePublishedPicturesHaveTheDigestsOfTheCatalogue) {
  const char* const data = std::getenv("SAMSR_DATA");
  if (data == nullptr) {
    GTEST_SKIP() << "SAMSR_DATA names no folder with realsr_lr and realset65";
  }
  for (const auto& [name, folder] : {std::pair("realsr", "realsr_lr"), std::pair("realset65", "realset65")}) {
    InputProblems strict;
    const fs::path pictures = fs::path(data) / folder;
    const Benchmark benchmark = load_benchmarks({}, "sets").find(std::string(name) + "=" + pictures.string(), 4);
    const ImageSet lq = list_image_set(pictures, "low-resolution images", strict);
    EXPECT_EQ(changed_files(benchmark, lq), "");
    EXPECT_EQ(lq.size(), benchmark.digests.size());
    for (const auto& [image, digest] : benchmark.digests) {
      EXPECT_TRUE(lq.contains(image)) << image;
    }
  }
}

}  // namespace
}  // namespace samsr
