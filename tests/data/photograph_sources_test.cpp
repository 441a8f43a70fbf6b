#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/rng.h"
#include "data/photographs/order.h"
#include "data/photographs/sources.h"
#include "data/shards/permutation.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;

struct Bound {
  PhotographSources sources;
  Settings settings;
  Bound() { sources.bind(settings, "data.images", "help"); }
};

/// What `assignment` comes to, as the resolved configuration has it.
std::string resolved(const std::string& assignment) {
  Bound bound;
  bound.settings.apply_override("data.images=" + assignment);
  return bound.settings.to_yaml();
}

TEST(PhotographSources, AreOnePathOrAListWithOrWithoutWeights) {
  EXPECT_EQ(resolved("photos"), "data:\n  images: photos\n");
  EXPECT_EQ(resolved(""), "data:\n  images: \"\"\n");
  EXPECT_EQ(resolved("a, b: {c}"), "data:\n  images: \"a, b: {c}\"\n") << "a path, as it stands";
  EXPECT_EQ(resolved("[photos]"), "data:\n  images: photos\n");
  EXPECT_EQ(resolved("[a.tar, 'b, c.zip']"), "data:\n  images: [a.tar, \"b, c.zip\"]\n");
  const std::string weighted = "[{path: a.tar, weight: 0.75}, {path: \"b, c\", weight: 2}]";
  EXPECT_EQ(resolved(weighted), "data:\n  images: " + weighted + "\n");
  // What is written is read again as the same, also from a file.
  for (const char* value : {"photos", "'[x]'", "[a, 'b: c']", "[{path: a, weight: 3}, {path: '{b}', weight: 1e-3}]"}) {
    Bound first;
    first.settings.load_text(std::string("data:\n  images: ") + value + "\n", "first");
    Bound second;
    second.settings.load_text(first.settings.to_yaml(), "second");
    EXPECT_FALSE(second.sources.empty());
    EXPECT_EQ(second.sources, first.sources) << value << first.settings.to_yaml();
  }
}

TEST(PhotographSources, MistakesAreSaidWithWhatToWrite) {
  for (const auto& [value, said] :
       {std::pair{"[{path: a, weight: 0}]", "a weight is above 0"},
        std::pair{"[{path: a, weight: -1}]", "a weight is above 0"},
        std::pair{"[{path: a, weight: x}]", "expected path, or list of paths"},
        std::pair{"[{pat: a}]", "{path: DIR, weight: 2}"}, std::pair{"[{weight: 1}]", "a source needs a path"},
        std::pair{"[a, '']", "a source needs a path"}, std::pair{"[[a]]", "expected path, or list of paths"},
        std::pair{"[{path: a, weight: 1}, b]", "give every source one, or none of them"},
        std::pair{"[a, {path: b, weight: 1}]", "'b' has a weight and 'a' has none"}}) {
    EXPECT_THAT(error_of([value = value] { resolved(value); }), AllOf(HasSubstr("data.images"), HasSubstr(said)))
        << value;
  }
}

PhotographSummary summary_of(const std::vector<std::uint64_t>& usable, const std::vector<double>& weights) {
  PhotographSummary summary;
  std::vector<PhotographSource> sources;
  for (std::size_t i = 0; i < usable.size(); ++i) {
    sources.push_back({"source", weights.empty() ? 0 : weights[i]});
    summary.usable += usable[i];
  }
  summary.sources = sources;
  summary.usable_of = usable;
  return summary;
}

TEST(PhotographOrder, WithoutWeightsEveryPhotographIsUsedOnceAnEpoch) {
  constexpr std::uint64_t kSeed = 7;
  for (const auto& usable : {std::vector<std::uint64_t>{10}, std::vector<std::uint64_t>{3, 7}}) {
    const PhotographOrder order(summary_of(usable, {}), kSeed);
    for (std::uint64_t index = 0; index < 40; ++index) {
      const Permutation of_epoch(10, derive_seed(kSeed, "photograph order", {index / 10}));
      EXPECT_EQ(order(index), of_epoch(index % 10));
    }
  }
}

TEST(PhotographOrder, WithWeightsEverySourceHasItsPartOfEveryBeginning) {
  const std::vector<std::uint64_t> usable{5, 1, 12};
  for (const std::vector<double>& weights :
       {std::vector<double>{0.7, 0.1, 0.2}, std::vector<double>{1, 1, 1}, std::vector<double>{1e-6, 5, 1e6}}) {
    const PhotographOrder order(summary_of(usable, weights), 3);
    std::vector<std::uint64_t> counts(3);
    std::map<std::uint64_t, std::uint64_t> used;
    const double sum = weights[0] + weights[1] + weights[2];
    for (std::uint64_t index = 0; index < 3000; ++index) {
      const std::uint64_t number = order(index);
      ASSERT_LT(number, 18U);
      ++counts[number < 5 ? 0 : (number < 6 ? 1 : 2)];
      ++used[number];
      for (std::size_t i = 0; i < 3; ++i) {
        ASSERT_NEAR(static_cast<double>(counts[i]), static_cast<double>(index + 1) * weights[i] / sum, 2) << index;
      }
    }
    // Within a source none is used twice more than another.
    for (std::uint64_t number = 0; number < 18; ++number) {
      const std::size_t source = number < 5 ? 0 : (number < 6 ? 1 : 2);
      EXPECT_NEAR(static_cast<double>(used[number]),
                  static_cast<double>(counts[source]) / static_cast<double>(usable[source]), 1.0);
    }
    EXPECT_EQ(order(1234), PhotographOrder(summary_of(usable, weights), 3)(1234));
  }
  EXPECT_EQ(weights_line(summary_of({5, 1}, {})), "");
  EXPECT_EQ(weights_line(summary_of({5, 1}, {0.5, 2})), "photograph_weights: 5 at 0.5, 1 at 2\n");
}

TEST(PhotographOrder, SharesHoldFarOut) {
  const PhotographOrder order(summary_of({100, 50}, {3, 1}), 1);
  std::uint64_t of_second = 0;
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 39) + 12345;
  for (std::uint64_t index = kFar; index < kFar + 4000; ++index) {
    of_second += order(index) >= 100 ? 1 : 0;
  }
  EXPECT_EQ(of_second, 1000U);
}

}  // namespace
}  // namespace samsr
