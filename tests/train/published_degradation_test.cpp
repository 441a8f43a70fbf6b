// What the shipped configurations draw for a sample's degradation, against the released loaders and trainers.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "degradation/plan.h"
#include "train/shipped_run.h"

namespace samsr {
namespace {
using testing::config;
using testing::expect_share;
using testing::ShippedRun;

/// The smallest and largest of what was drawn lie within the range and near its ends.
struct Drawn {
  double low = 1e9;
  double high = -1e9;

  void see(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void expect(double from, double to, const std::string& what) const {
    const double slack = 0.02 * (to - from);
    EXPECT_GE(low, from - 1e-9) << what;
    EXPECT_LE(low, from + slack) << what;
    EXPECT_LE(high, to + 1e-9) << what;
    EXPECT_GE(high, to - slack) << what;
  }
};

/// One order of the degradation over many plans.
struct OrderCounts {
  std::int64_t orders = 0;
  std::int64_t blurs = 0;
  std::map<std::string, std::int64_t> kinds;
  std::map<int, std::int64_t> sizes;
  std::map<std::string, std::int64_t> resizes;
  std::int64_t gaussian = 0;
  std::int64_t grey = 0;
  Drawn sigma, beta_generalized, beta_plateau, factor, noise, poisson;

  void see(const OrderPlan& plan) {
    ++orders;
    if (plan.blur) {
      ++blurs;
      ++kinds[plan.blur->kind];
      ++sizes[plan.blur->size];
      if (plan.blur->kind != "sinc") {
        sigma.see(plan.blur->sigma_x);
      }
      if (has_shape(plan.blur->kind)) {
        (plan.blur->kind.starts_with("plateau") ? beta_plateau : beta_generalized).see(plan.blur->beta);
      }
    }
    ++resizes[plan.resize.factor > 1 ? "up" : plan.resize.factor < 1 ? "down" : "keep"];
    factor.see(plan.resize.factor);
    gaussian += plan.noise.gaussian;
    grey += plan.noise.grey;
    (plan.noise.gaussian ? noise : poisson).see(plan.noise.level);
  }
  std::set<int> drawn_sizes() const {
    std::set<int> found;
    for (const auto& [size, times] : sizes) {
      found.insert(size);
    }
    return found;
  }
};

std::set<int> odd_numbers(int from, int to) {
  std::set<int> numbers;
  for (int number = from; number <= to; number += 2) {
    numbers.insert(number);
  }
  return numbers;
}

/// What both orders share: probabilities of data.train.params and degradation in the four files.
void expect_order(const OrderCounts& order, const std::string& what) {
  const std::map<std::string, double> kinds = {
      {"iso", 0.45},         {"aniso", 0.25},        {"generalized_iso", 0.12}, {"generalized_aniso", 0.03},
      {"plateau_iso", 0.12}, {"plateau_aniso", 0.03}};
  for (const auto& [kind, probability] : kinds) {
    expect_share(order.kinds.at(kind), order.blurs, 0.9 * probability, what + kind);
  }
  expect_share(order.kinds.at("sinc"), order.blurs, 0.1, what + "sinc");
  const double each = 1.0 / static_cast<double>(order.sizes.size());
  for (const auto& [size, times] : order.sizes) {
    expect_share(times, order.blurs, each, what + "size " + std::to_string(size));
  }
  expect_share(order.gaussian, order.orders, 0.5, what + "Gaussian noise");
  expect_share(order.grey, order.orders, 0.4, what + "grey noise");
  order.beta_generalized.expect(0.5, 4, what + "betag_range");
  order.beta_plateau.expect(1, 2, what + "betap_range");
}

class PublishedDegradation : public ::testing::TestWithParam<const char*> {
 protected:
  const ShippedRun run_{config(std::string(GetParam()) + ".yaml")};
};

TEST_P(PublishedDegradation, IsThatOfTheReleasedLoadersAndTrainers) {
  constexpr std::int64_t kPlans = 20'000;
  OrderCounts first, second;
  std::map<int, std::int64_t> final_sizes;
  std::int64_t final_sincs = 0;
  std::int64_t jpeg_last = 0;
  Drawn jpeg, jpeg2;
  for (std::int64_t i = 0; i < kPlans; ++i) {
    Rng rng(static_cast<std::uint64_t>(i), "plan");
    const DegradationPlan plan = draw_plan(run_.build.degradation, {1, 1}, rng);
    first.see(plan.first);
    if (plan.second) {
      second.see(*plan.second);
    }
    if (plan.final_sinc) {
      ++final_sincs;
      ++final_sizes[plan.final_sinc->size];
    }
    jpeg_last += plan.jpeg_last;
    jpeg.see(plan.first_jpeg);
    jpeg2.see(plan.final_jpeg);
  }
  // basicsr/data/realesrgan_dataset.py in all three repositories: range(3, blur_kernel_size, 2), range(3,
  // blur_kernel_size2, 2) with 21 and 15, of which the final sinc filter takes the second.
  EXPECT_EQ(first.drawn_sizes(), odd_numbers(3, 19));
  EXPECT_EQ(second.drawn_sizes(), odd_numbers(3, 13));
  ASSERT_EQ(final_sizes.size(), 6U);
  for (const auto& [size, times] : final_sizes) {
    expect_share(times, final_sincs, 1.0 / 6, "final sinc of size " + std::to_string(size));
    EXPECT_TRUE(odd_numbers(3, 13).contains(size));
  }
  expect_order(first, "first order: ");
  expect_order(second, "second order: ");
  EXPECT_EQ(first.blurs, kPlans);
  first.sigma.expect(0.2, 3, "blur_sigma");
  first.factor.expect(0.15, 1.5, "resize_range");
  first.noise.expect(1, 30, "noise_range");
  first.poisson.expect(0.05, 3, "poisson_scale_range");
  jpeg.expect(30, 95, "jpeg_range");
  expect_share(first.resizes["up"], kPlans, 0.2, "up");
  expect_share(first.resizes["down"], kPlans, 0.7, "down");
  expect_share(first.resizes["keep"], kPlans, 0.1, "keep");
  expect_share(second.orders, kPlans, 0.5, "second_order_prob");
  expect_share(second.blurs, second.orders, 0.8, "second_blur_prob");
  second.sigma.expect(0.2, 1.5, "blur_sigma2");
  second.factor.expect(0.3, 1.2, "resize_range2");
  second.noise.expect(1, 25, "noise_range2");
  second.poisson.expect(0.05, 2.5, "poisson_scale_range2");
  jpeg2.expect(30, 95, "jpeg_range2");
  expect_share(second.resizes["up"], second.orders, 0.3, "up, second order");
  expect_share(second.resizes["down"], second.orders, 0.4, "down, second order");
  expect_share(second.resizes["keep"], second.orders, 0.3, "keep, second order");
  expect_share(final_sincs, kPlans, 0.8, "final_sinc_prob");
  expect_share(jpeg_last, kPlans, 0.5, "order of the last operations");
}

INSTANTIATE_TEST_SUITE_P(Files, PublishedDegradation,
                         ::testing::Values("resshift_x4", "resshift_v1_x4", "resshift_v2_x4", "resshift_v3_x4",
                                           "sinsr_x4", "samsr_x4", "samsr_x4_fast", "samsr_released_x4", "tadsr_x4"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace samsr
