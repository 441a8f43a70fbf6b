// RSD's loss and the adversarial terms against their definitions and difference quotients, in double precision.

#include "train/losses/rsd_loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "diffusion/resshift.h"
#include "train/losses/adversarial.h"

namespace samsr {
namespace {

/// Two smooth networks and a student's answer, in double precision.
class RsdLossTest : public ::testing::Test {
 protected:
  RsdLossTest() {
    torch::manual_seed(7);
    const auto weights = [] { return 0.4 * torch::randn({3, 3, 3, 3}, torch::kDouble); };
    for (NoisyAnswer* network : {&teacher_, &fake_}) {
      *network = [kernel = weights()](const at::Tensor& x) {
        return at::conv2d(at::tanh(x), kernel, {}, {1, 1}, {1, 1});
      };
    }
    answer_ = torch::randn({2, 3, 8, 8}, torch::kDouble);
    z_y_ = torch::randn({2, 3, 8, 8}, torch::kDouble);
    noise_ = torch::randn({2, 3, 8, 8}, torch::kDouble);
  }

  at::Tensor noisy(const at::Tensor& answer) const {
    return q_sample(schedule_, answer, z_y_, torch::tensor({2, 9}, torch::kLong), noise_);
  }
  at::Tensor loss(const at::Tensor& answer, const RsdLossOptions& options) const {
    return rsd_loss(answer, noisy(answer), teacher_, fake_, options);
  }
  at::Tensor gradient(const RsdLossOptions& options) const {
    const at::Tensor answer = answer_.clone().requires_grad_();
    return torch::autograd::grad({loss(answer, options).sum()}, {answer})[0];
  }
  /// The difference quotient of `value` along `direction`.
  template <class Value>
  double slope(Value value, const at::Tensor& direction) const {
    const torch::NoGradGuard no_grad;
    constexpr double kStep = 1e-5;
    return ((value(answer_ + kStep * direction) - value(answer_ - kStep * direction)) / (2 * kStep))
        .sum()
        .template item<double>();
  }

  const Schedule schedule_{DiffusionSettings()};
  NoisyAnswer teacher_;
  NoisyAnswer fake_;
  at::Tensor answer_;
  at::Tensor z_y_;
  at::Tensor noise_;
};

TEST_F(RsdLossTest, IsTheDifferenceOfTwoErrors) {
  const at::Tensor z = noisy(answer_);
  const auto error = [&](const NoisyAnswer& network) { return (network(z) - answer_).square().mean({1, 2, 3}); };
  const at::Tensor expected = error(teacher_) - error(fake_);
  EXPECT_EQ(loss(answer_, {.normalised = false}).scalar_type(), at::kDouble);
  EXPECT_TRUE(loss(answer_, {.normalised = false}).allclose(expected, 1e-12, 1e-14));
  EXPECT_TRUE(loss(answer_, {.through_networks = false, .normalised = false}).allclose(expected, 1e-12, 1e-14));
  const at::Tensor size = (teacher_(z) - answer_).abs().mean({1, 2, 3}) + 1e-8;
  EXPECT_TRUE(loss(answer_, {}).allclose(expected / size, 1e-12, 1e-14));
  EXPECT_EQ(rsd_loss(answer_, z, teacher_, teacher_, {}).abs().max().item<double>(), 0);
}

TEST_F(RsdLossTest, FullGradientAgreesWithDifferences) {
  for (const bool normalised : {false, true}) {
    const at::Tensor found = gradient({.normalised = normalised});
    const at::Tensor divisor = normalised ? (teacher_(noisy(answer_)) - answer_).abs().mean({1, 2, 3}) + 1e-8
                                          : torch::ones({2}, torch::kDouble);
    for (int n = 0; n < 4; ++n) {
      const at::Tensor direction = torch::randn_like(answer_);
      const double expected =
          slope([&](const at::Tensor& at) { return loss(at, {.normalised = false}) / divisor; }, direction);
      EXPECT_NEAR((found * direction).sum().item<double>(), expected, 1e-7 * std::abs(expected) + 1e-8);
    }
  }
}

TEST_F(RsdLossTest, StoppedGradientAgreesWithDifferencesAtFixedAnswers) {
  const at::Tensor z = noisy(answer_);
  const NoisyAnswer fixed_teacher = [given = teacher_(z)](const at::Tensor&) { return given; };
  const NoisyAnswer fixed_fake = [given = fake_(z)](const at::Tensor&) { return given; };
  const RsdLossOptions stop{.through_networks = false, .normalised = false};
  const at::Tensor found = gradient(stop);
  for (int n = 0; n < 4; ++n) {
    const at::Tensor direction = torch::randn_like(answer_);
    const double expected =
        slope([&](const at::Tensor& at) { return rsd_loss(at, z, fixed_teacher, fixed_fake, stop); }, direction);
    EXPECT_NEAR((found * direction).sum().item<double>(), expected, 1e-7 * std::abs(expected) + 1e-8);
  }
  EXPECT_FALSE(found.allclose(gradient({.normalised = false}), 0.05, 0.01)) << "RSD's gradient is another one";
}

TEST(SoftplusAdversarial, IsTheNonSaturatingLossAndItsGradientAgreesWithDifferences) {
  const at::Tensor real = torch::tensor({2.0, -1.0, 30.0}, torch::kDouble);
  const at::Tensor made = torch::tensor({0.5, -3.0, -40.0}, torch::kDouble);
  const auto entropy = [](double x) { return std::log1p(std::exp(x)); };
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto at = [i](const at::Tensor& values) { return values[i].item<double>(); };
    EXPECT_NEAR(at(softplus_adversarial(real, made)), entropy(-at(real)) + entropy(at(made)), 1e-9);
    EXPECT_NEAR(at(softplus_adversarial(made)), entropy(-at(made)), 1e-9);
  }
  // Of maps of logits the mean.
  const at::Tensor maps = torch::randn({2, 1, 4, 4}, torch::kDouble);
  EXPECT_TRUE(softplus_adversarial(maps).allclose(at::softplus(-maps).mean({1, 2, 3})));
  const at::Tensor leaf = maps.clone().requires_grad_();
  const at::Tensor found = torch::autograd::grad({softplus_adversarial(maps.neg(), leaf).sum()}, {leaf})[0];
  const at::Tensor direction = torch::randn_like(maps);
  const auto moved = [&](double by) { return softplus_adversarial(maps.neg(), maps + by * direction).sum(); };
  EXPECT_NEAR((found * direction).sum().item<double>(), ((moved(1e-5) - moved(-1e-5)) / 2e-5).item<double>(), 1e-8);
}

}  // namespace
}  // namespace samsr
