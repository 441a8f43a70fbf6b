// Flow maps: exact ones are their own targets, points are left where they are, guidance, sampling, and a toy whose
// one-step map beats a step of Euler.

#include "diffusion/flow_map.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "diffusion/forward_derivative.h"
#include "support/device.h"

namespace samsr {
namespace {
using testing::placed;

constexpr double kRate = -0.7;

/// The flow map of dx/ds = r x + cos(2s)·prompt sign: x(t) = e^{r(t-s)} x + ∫ e^{r(t-u)} (±cos 2u) du.
at::Tensor moved(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t, const FlowCondition& given) {
  // ∫ e^{-ru} cos 2u du = e^{-ru} (2 sin 2u - r cos 2u) / (r² + 4)
  const auto primitive = [](const at::Tensor& u) {
    return (-kRate * u).exp() * (2 * (2 * u).sin() - kRate * (2 * u).cos()) / (kRate * kRate + 4);
  };
  const auto on_maps = [](const at::Tensor& numbers) { return numbers.view({-1, 1, 1, 1}); };
  const at::Tensor sign = on_maps(1 - 2 * given.prompt.to(x.scalar_type()));
  const at::Tensor growth = on_maps((kRate * (t - s)).exp());
  return growth * x + sign * on_maps((kRate * t).exp() * (primitive(t) - primitive(s)));
}

at::Tensor field(const at::Tensor& x, const at::Tensor& s, const FlowCondition& given) {
  const at::Tensor sign = 1 - 2 * given.prompt.to(x.scalar_type());
  return kRate * x + (sign * (2 * s).cos()).view({-1, 1, 1, 1});
}

/// The velocity of the exact map; at a point it is the field.
at::Tensor exact(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t, const FlowCondition& given) {
  const at::Tensor length = (t - s).view({-1, 1, 1, 1});
  const at::Tensor point = length.eq(0);
  return at::where(point, field(x, s, given), (moved(x, s, t, given) - x) / at::where(point, 1, length));
}

FlowInterval intervals() {
  torch::manual_seed(4);
  const auto times = std::get<0>(torch::rand({6, 2}, torch::kFloat64).sort(1));
  return {placed(torch::randn({6, 2, 3, 4}, torch::kFloat64)),
          placed(times.select(1, 0).contiguous()),
          placed(times.select(1, 1).contiguous()),
          {{}, placed(torch::tensor({0, 1, 0, 0, 1, 0}, torch::kInt64))}};
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(FlowMap, AnExactMapIsItsOwnTargetInAllThree) {
  const FlowInterval here = intervals();
  const at::Tensor v = exact(here.x, here.s, here.t, here.given);
  EXPECT_LT(distance(shortcut_target(exact, here), v), 1e-12);
  EXPECT_LT(distance(lagrangian_target(exact, here), v), 1e-12);
  EXPECT_LT(distance(eulerian_target(exact, here, field(here.x, here.s, here.given)), v), 1e-12);
}

TEST(FlowMap, AnotherMapIsNot) {
  const FlowInterval here = intervals();
  const Velocity other = [](const at::Tensor& x, const at::Tensor& s, const at::Tensor&, const FlowCondition& given) {
    return field(x, s, given);
  };
  const at::Tensor v = other(here.x, here.s, here.t, here.given);
  EXPECT_GT(distance(shortcut_target(other, here), v), 1e-3);
  EXPECT_GT(distance(lagrangian_target(other, here), v), 1e-3);
  EXPECT_GT(distance(eulerian_target(other, here, v), v), 1e-3);
}

TEST(FlowMap, LeavesAPointWhereItIsWhateverTheVelocity) {
  const FlowInterval here = intervals();
  EXPECT_TRUE(flow_map(here.x, here.s, here.s, torch::randn_like(here.x)).equal(here.x));
}

TEST(FlowMap, DerivativesAgreeWithCentralDifferences) {
  const FlowInterval here = intervals();
  constexpr double kStep = 1e-5;
  const auto shifted = [&](double ds, double dt, const at::Tensor& dx) {
    return exact(here.x + dx, here.s + ds, here.t + dt, here.given);
  };
  const at::Tensor dx = torch::randn_like(here.x);
  const VelocityDerivative along = velocity_derivative(exact, here, dx, 1, 0);
  EXPECT_LT(distance(along.v, shifted(0, 0, at::zeros_like(dx))), 1e-14);
  EXPECT_LT(distance(along.along, (shifted(kStep, 0, kStep * dx) - shifted(-kStep, 0, -kStep * dx)) / (2 * kStep)),
            1e-6);
  const VelocityDerivative by_end = velocity_derivative(exact, here, at::zeros_like(dx), 0, 1);
  const at::Tensor still = at::zeros_like(dx);
  EXPECT_LT(distance(by_end.along, (shifted(0, kStep, still) - shifted(0, -kStep, still)) / (2 * kStep)), 1e-6);
}

TEST(ForwardDerivative, OfAConstantIsZeroAndNoTangentStaysBehind) {
  const at::Tensor x = torch::randn({3}, torch::kFloat64);
  const at::Tensor c = torch::randn({3}, torch::kFloat64);
  const ForwardDerivative none = forward_derivative([&](const auto&) { return c; }, {x}, {torch::ones_like(x)});
  EXPECT_TRUE(none.value.equal(c));
  EXPECT_EQ(none.along.abs().max().item<double>(), 0);
  const auto cube = [](const std::vector<at::Tensor>& of) { return of[0].pow(3) * of[1]; };
  const ForwardDerivative found = forward_derivative(cube, {x, c}, {torch::ones_like(x), 2 * c});
  EXPECT_TRUE(found.along.allclose(3 * x.square() * c + 2 * x.pow(3) * c, 1e-12, 1e-12));
  EXPECT_FALSE(found.value.requires_grad() || x._fw_grad(0).defined() || found.along._fw_grad(0).defined());
  EXPECT_THROW(forward_derivative([](const auto&) -> at::Tensor { throw std::runtime_error("no"); }, {x}, {x}),
               std::runtime_error);
  EXPECT_TRUE(forward_derivative(cube, {x, c}, {x, c}).along.isfinite().all().item<bool>()) << "after an error";
}

TEST(FlowMap, InterpolatesBetweenBothLatents) {
  const at::Tensor z_src = torch::randn({3, 2, 4, 4});
  const at::Tensor z_hr = torch::randn({3, 2, 4, 4});
  const at::Tensor noise = torch::randn({3, 2, 4, 4});
  const at::Tensor x = interpolant(z_src, z_hr, torch::tensor({0.0F, 1.0F, 0.5F}), noise, 0.3);
  EXPECT_TRUE(x[0].equal(z_src[0]));
  EXPECT_TRUE(x[1].equal(z_hr[1]));
  EXPECT_TRUE(x[2].allclose((z_src[2] + z_hr[2]) / 2 + 0.15 * noise[2]));
}

TEST(FlowMap, GuidesPositivePromptsAwayFromTheNegativeAnswer) {
  const FlowInterval here = intervals();
  const at::Tensor velocity = torch::randn_like(here.x);
  const at::Tensor guided = guided_velocity(exact, here, velocity, 1.5);
  for (std::int64_t b = 0; b < 6; ++b) {
    const bool positive = here.given.prompt[b].item<std::int64_t>() == kPositivePrompt;
    const at::Tensor away = kRate * here.x[b] - (2 * here.s[b]).cos();
    EXPECT_TRUE(guided[b].allclose(positive ? away + 1.5 * (velocity[b] - away) : velocity[b], 1e-12, 1e-12)) << b;
  }
  const Velocity nobody = [](const at::Tensor&, const at::Tensor&, const at::Tensor&,
                             const FlowCondition&) -> at::Tensor { throw std::logic_error("asked"); };
  EXPECT_TRUE(guided_velocity(nobody, here, velocity, 1).equal(velocity));
}

TEST(FlowMap, IsTheSameInAnyNumberOfSteps) {
  const FlowInterval here = intervals();
  const auto sampled = [&](const FlowMapSampling& how) { return sample_flow_map(exact, here.x, {}, how); };
  const at::Tensor one = sampled({});
  EXPECT_LT(distance(sampled({.steps = 2}), one), 1e-12);
  EXPECT_LT(distance(sampled({.steps = 7}), one), 1e-12);
  EXPECT_GT(distance(sampled({.prompt = kNegativePrompt}), one), 0.1);
  // Of one step the mixture of velocities is that of ends.
  const at::Tensor away = sampled({.prompt = kNegativePrompt});
  EXPECT_LT(distance(sampled({.omega = 1.5}), away + 1.5 * (one - away)), 1e-12);
  EXPECT_LT(distance(sampled({.omega = 0}), away), 1e-12);
}

TEST(FlowMap, EulersStepsFollowTheVelocityAtTheirBeginning) {
  const FlowInterval here = intervals();
  const at::Tensor zero = torch::zeros({here.x.size(0)}, here.x.options());
  const FlowCondition positive{{}, torch::zeros({here.x.size(0)}, torch::kLong)};
  at::Tensor x = here.x;
  for (const double s : {0.0, 0.5}) {
    x = x + 0.5 * exact(x, zero + s, zero + s, positive);
  }
  EXPECT_LT(distance(sample_flow_map(exact, here.x, {}, {.steps = 2, .euler = true}), x), 1e-12);
  const at::Tensor end = sample_flow_map(exact, here.x, {}, {});
  const auto error = [&](std::int64_t steps) {
    return distance(sample_flow_map(exact, here.x, {}, {.steps = steps, .euler = true}), end);
  };
  EXPECT_LT(error(200), error(100) * 0.6) << "of first order";
  EXPECT_GT(error(200), 0);
}

// A toy: from N(0,1) to two modes, which the mean velocity at time 0 lies between.
constexpr double kMode = 1.2;
constexpr double kWidth = 0.6;

/// Normal quantities of x by Φ.
at::Tensor normal_share(const at::Tensor& x) { return 0.5 * (1 + at::erf(x / std::numbers::sqrt2)); }

/// The flow map from 0 to 1, which in one dimension is the rising one between the two distributions: by bisection.
at::Tensor true_ends(const at::Tensor& x) {
  const at::Tensor share = normal_share(x);
  at::Tensor low = at::full_like(x, -8);
  at::Tensor high = at::full_like(x, 8);
  for (int i = 0; i < 50; ++i) {
    const at::Tensor middle = (low + high) / 2;
    const at::Tensor below =
        (normal_share((middle - kMode) / kWidth) + normal_share((middle + kMode) / kWidth)) / 2 < share;
    low = at::where(below, middle, low);
    high = at::where(below, high, middle);
  }
  return (low + high) / 2;
}

/// v of numbers (B,1,1,1) by three linear layers.
struct ToyNetwork : torch::nn::Module {
  ToyNetwork() {
    constexpr std::int64_t kHidden = 48;
    first = register_module("first", torch::nn::Linear(3, kHidden));
    second = register_module("second", torch::nn::Linear(kHidden, kHidden));
    third = register_module("third", torch::nn::Linear(kHidden, kHidden));
    last = register_module("last", torch::nn::Linear(kHidden, 1));
  }
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t) {
    const at::Tensor h = at::silu(first(at::stack({x.flatten(), s, t - s}, 1)));
    return last(at::silu(third(at::silu(second(h))))).view({-1, 1, 1, 1});
  }
  torch::nn::Linear first{nullptr}, second{nullptr}, third{nullptr}, last{nullptr};
};

Velocity velocity_of(ToyNetwork& network) {
  return [&network](const at::Tensor& x, const at::Tensor& s, const at::Tensor& t, const FlowCondition&) {
    return network(x, s, t);
  };
}

/// Root mean square error of one step from 0 to 1 after training by `variant`: of the map, or, of "velocity", where all
/// samples are points, of Euler's.
double toy_error(const std::string& variant) {
  constexpr std::int64_t kSteps = 1000;
  constexpr std::int64_t kBatch = 256;
  constexpr double kLearningRate = 5e-3;
  torch::manual_seed(3);
  ToyNetwork network;
  ToyNetwork average;
  const Velocity live = velocity_of(network);
  const std::vector<at::Tensor> weights = network.parameters();
  std::vector<at::Tensor> averaged = average.parameters();
  torch::optim::Adam optimizer(weights, torch::optim::AdamOptions(kLearningRate));
  const std::int64_t points = variant == "velocity" ? kBatch : kBatch / 2;
  const at::Tensor off = torch::arange(points, kBatch);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const double done = static_cast<double>(step) / kSteps;
    static_cast<torch::optim::AdamOptions&>(optimizer.param_groups()[0].options())
        .lr(kLearningRate * 0.5 * (1 + std::cos(std::numbers::pi * done)));
    const at::Tensor z_src = torch::randn({kBatch, 1, 1, 1});
    const at::Tensor z_hr = kMode * (2 * torch::randint(0, 2, {kBatch, 1, 1, 1}).to(torch::kFloat32) - 1) +
                            kWidth * torch::randn({kBatch, 1, 1, 1});
    const at::Tensor times = std::get<0>(torch::rand({kBatch, 2}).sort(1));
    const at::Tensor t = times.select(1, 1).clone();
    const at::Tensor s = times.select(1, 0).clone();
    const at::Tensor at_points = torch::rand({points});
    s.narrow(0, 0, points).copy_(at_points);
    t.narrow(0, 0, points).copy_(at_points);
    const FlowInterval all{interpolant(z_src, z_hr, s, z_src, 0), s, t, {{}, torch::zeros({kBatch}, torch::kInt64)}};
    at::Tensor target = z_hr - z_src;
    if (points < kBatch) {
      const at::Tensor learned = variant == "shortcut" ? shortcut_target(velocity_of(average), all.rows(off))
                                                       : lagrangian_target(live, all.rows(off));
      target = at::cat({target.narrow(0, 0, points), learned});
    }
    const at::Tensor errors = (live(all.x, s, t, all.given) - target).square();
    optimizer.zero_grad();
    // Both means with the weight 1; there may be one alone.
    (errors.sum() / static_cast<double>(points)).backward();
    optimizer.step();
    const torch::NoGradGuard no_grad;
    at::_foreach_lerp_(averaged, weights, step == 0 ? 1 : 0.02);
  }
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t kTried = 4000;
  const at::Tensor start = torch::randn({kTried, 1, 1, 1});
  const at::Tensor zero = torch::zeros({kTried});
  const at::Tensor one = torch::ones({kTried});
  const at::Tensor v = variant == "velocity" ? average(start, zero, zero) : average(start, zero, one);
  const at::Tensor made = flow_map(start, zero, one, v).to(torch::kFloat64);
  return (made - true_ends(start.to(torch::kFloat64))).square().mean().sqrt().item<double>();
}

TEST(FlowMapToy, OneStepOfTheMapIsTenTimesCloserThanOneStepOfEuler) {
  const double euler = toy_error("velocity");
  EXPECT_LT(toy_error("shortcut"), euler / 10);
  EXPECT_LT(toy_error("lagrangian"), euler / 10);
}

}  // namespace
}  // namespace samsr
