#include "core/finite.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

namespace samsr {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Finite, NumbersOfEveryTypeAreLookedAt) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kFloat8_e5m2}) {
    const at::Tensor numbers = at::linspace(-300, 300, 67, at::kFloat);
    EXPECT_EQ(not_finite(numbers.to(type)), "") << type;
    for (const auto& [value, word] : {std::pair(kInfinity, "infinity"), std::pair(-kInfinity, "-infinity"),
                                      std::pair(std::nan(""), "NaN"), std::pair(-std::nan(""), "NaN")}) {
      for (const std::int64_t at : {0, 17, 66}) {
        at::Tensor bad = numbers.clone();
        bad[at] = value;
        EXPECT_EQ(not_finite(bad.to(type)), fmt::format("1 value that is not finite (first: {} at {})", word, at))
            << type;
      }
    }
  }
}

TEST(Finite, TheLargestAndSmallestNumbersAreFinite) {
  EXPECT_EQ(not_finite(at::tensor({65504.0, -65504.0, 6e-8, 0.0, -0.0}).to(at::kHalf)), "");
  EXPECT_EQ(not_finite(at::tensor({std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()})), "");
  EXPECT_EQ(not_finite(at::tensor({std::numeric_limits<double>::max()}, at::kDouble)), "");
  EXPECT_EQ(not_finite(at::tensor({448.0, -448.0}).to(at::kFloat8_e4m3fn)), "");
  EXPECT_EQ(not_finite(at::tensor({1.0, std::nan("")}).to(at::kFloat8_e4m3fn)),
            "1 value that is not finite (first: NaN at 1)");
}

TEST(Finite, CountsThemAndPassesOverTypesWithoutInfinity) {
  at::Tensor numbers = at::zeros({4, 5});
  numbers.select(1, 2).fill_(kInfinity);
  EXPECT_EQ(not_finite(numbers), "4 values that are not finite (first: infinity at 2)");
  EXPECT_EQ(not_finite(numbers.t()), "4 values that are not finite (first: infinity at 8)");
  EXPECT_EQ(not_finite(numbers.narrow(1, 3, 2)), "");
  EXPECT_EQ(not_finite(at::zeros({0})), "");
  EXPECT_EQ(not_finite(at::full({9}, -1, at::kLong)), "");
  EXPECT_EQ(not_finite(at::full({9}, 255, at::kByte)), "");
  EXPECT_EQ(not_finite(at::ones({3}, at::kBool)), "");
}

}  // namespace
}  // namespace samsr
