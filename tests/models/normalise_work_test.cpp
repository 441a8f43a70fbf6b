// The kernels of GPUs for group norm, run block by block and thread by thread on a CPU, against plain operators in
// float64.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <tuple>
#include <vector>

#include "models/cuda/normalise_steps.h"
#include "models/run_phases.h"

namespace samsr {
namespace {

struct Maps {
  std::int64_t batch, channels, height, width;
  int groups;
  at::ScalarType type;
  bool packed;
};

void PrintTo(const Maps& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << " in " << each.groups
       << " groups, " << each.type << (each.packed ? "" : ", channel by channel");
}

struct Results {
  at::Tensor y, x, weight, bias, map_bias;  // all but y: gradients
};

/// What the maps are normalised with; the bias of the map, (C), may be undefined.
struct Affine {
  at::Tensor weight, bias, map_bias;
};

class NormaliseWork : public ::testing::TestWithParam<Maps> {
 protected:
  NormaliseWork() {
    torch::manual_seed(5);
    const Maps& of = GetParam();
    x_ = map(5 * torch::randn({1, of.channels, 1, 1}) + torch::randn({of.batch, of.channels, of.height, of.width}));
    upstream_ = map(torch::randn({of.batch, of.channels, of.height, of.width}));
  }

  static at::Tensor map(const at::Tensor& values) {
    return values.to(GetParam().type).contiguous(at::MemoryFormat::ChannelsLast);
  }

  cuda::NormaliseMaps maps(bool silu) const {
    const Maps& of = GetParam();
    return {of.batch, of.channels, of.height * of.width, of.groups, {of.type == at::kBFloat16, of.packed}, silu};
  }

  static at::Tensor buffer(at::IntArrayRef sizes) { return torch::full(sizes, NAN); }
  static float* numbers(const at::Tensor& of) { return of.defined() ? of.mutable_data_ptr<float>() : nullptr; }

  Results by_work(const Affine& with, bool silu, bool backwards) const {
    const testing::RunPhases run(backwards);
    const cuda::NormaliseMaps how = maps(silu);
    const at::Tensor mean = buffer({how.batch, how.groups});
    const at::Tensor inverse = buffer({how.batch, how.groups});
    const at::Tensor partials = buffer({cuda::partials_of(how)});
    const at::Tensor centred = with.map_bias.defined() ? buffer({how.batch, how.channels}) : at::Tensor();
    cuda::moments_of(how, kEpsilon, x_.const_data_ptr(), numbers(with.map_bias), numbers(partials),
                     {numbers(mean), numbers(inverse), numbers(centred)}, run);
    const cuda::Moments moments{numbers(mean), numbers(inverse), how.groups, numbers(with.map_bias)};
    const cuda::Affine affine{numbers(with.weight), numbers(with.bias), with.weight.size(0) > 1};
    Results results{torch::full_like(x_, NAN), torch::full_like(x_, NAN), torch::full_like(with.weight, NAN),
                    torch::full_like(with.bias, NAN),
                    with.map_bias.defined() ? torch::full_like(with.map_bias, NAN) : at::Tensor()};
    cuda::forward_of(how, x_.const_data_ptr(), moments, affine, results.y.mutable_data_ptr(), run);
    partials.fill_(NAN);
    const at::Tensor of_groups = buffer({2, how.batch, how.groups});
    const at::Tensor of_samples = buffer({2, how.batch, how.channels});
    cuda::backward_of(
        how, x_.const_data_ptr(), upstream_.const_data_ptr(), moments, numbers(centred), affine,
        {numbers(partials), numbers(of_groups[0]), numbers(of_groups[1]), numbers(of_samples[0]),
         numbers(of_samples[1])},
        {results.x.mutable_data_ptr(), numbers(results.weight), numbers(results.bias), numbers(results.map_bias)}, run);
    return results;
  }

  Results by_operators(const Affine& with, bool silu) const {
    const at::Tensor x = x_.to(at::kDouble).contiguous().requires_grad_();
    const at::Tensor gain = with.weight.to(at::kDouble).requires_grad_();
    const at::Tensor add = with.bias.to(at::kDouble).requires_grad_();
    const at::Tensor map_bias =
        (with.map_bias.defined() ? with.map_bias : torch::zeros({x.size(1)})).to(at::kDouble).requires_grad_();
    const at::Tensor grouped = (x + map_bias.view({-1, 1, 1})).reshape({x.size(0), GetParam().groups, -1});
    const at::Tensor centred = grouped - grouped.mean(-1, true);
    const at::Tensor normal = (centred / (centred.square().mean(-1, true) + kEpsilon).sqrt()).view(x.sizes());
    at::Tensor y = normal * gain.unsqueeze(-1).unsqueeze(-1) + add.unsqueeze(-1).unsqueeze(-1);
    y = silu ? at::silu(y) : y;
    (y * upstream_.to(at::kDouble)).sum().backward();
    return {y.detach(), x.grad(), gain.grad(), add.grad(), map_bias.grad()};
  }

  static constexpr double kEpsilon = 1e-5;
  at::Tensor x_, upstream_;
};

TEST_P(NormaliseWork, AgreesWithOperatorsInDoublePrecisionInAnyOrderOfThreads) {
  const Maps& of = GetParam();
  const double tolerance = of.type == at::kFloat ? 2e-5 : 0x1.01p-8;
  for (const bool biased : {false, true}) {
    for (const std::int64_t rows : {std::int64_t{1}, of.batch}) {
      const Affine with{1 + 0.3 * torch::randn({rows, of.channels}), 0.3 * torch::randn({rows, of.channels}),
                        biased ? 3 * torch::randn({of.channels}) : at::Tensor()};
      for (const bool silu : {false, true}) {
        const Results expected = by_operators(with, silu);
        const Results found = by_work(with, silu, false);
        const Results turned = by_work(with, silu, true);
        for (const auto& [each, name] : {std::pair(&Results::y, "y"), std::pair(&Results::x, "x"),
                                         std::pair(&Results::weight, "weight"), std::pair(&Results::bias, "bias")}) {
          const at::Tensor& want = expected.*each;
          const double error = (found.*each).sub(want).abs().max().template item<double>();
          EXPECT_LE(error, tolerance * want.abs().max().template item<double>() + 1e-6)
              << name << ", " << rows << " rows" << (silu ? ", SiLU" : "") << (biased ? ", biased" : "");
          EXPECT_TRUE(at::equal(found.*each, turned.*each)) << name;
        }
        if (biased) {
          // The sum over a channel of numbers whose sum over a group is zero: rounding is of the size of the numbers.
          const double size = expected.x.abs().sum({0, 2, 3}).max().item<double>();
          const double error = (found.map_bias - expected.map_bias).abs().max().item<double>();
          EXPECT_LE(error, 5e-6 * size) << rows << " rows" << (silu ? ", SiLU" : "");
          EXPECT_TRUE(at::equal(found.map_bias, turned.map_bias));
        }
      }
    }
  }
}

// A batch of one has the bytes that the sample has among others.
TEST_P(NormaliseWork, DoesNotDependOnTheBatch) {
  const Maps& of = GetParam();
  const at::Tensor weight = torch::randn({1, of.channels});
  const at::Tensor bias = torch::randn({1, of.channels});
  cuda::NormaliseMaps how = maps(true);
  const auto result = [&](const at::Tensor& x) {
    how.batch = x.size(0);
    const at::Tensor mean = buffer({how.batch, how.groups});
    const at::Tensor inverse = buffer({how.batch, how.groups});
    const at::Tensor partials = buffer({cuda::partials_of(how)});
    const at::Tensor y = torch::full_like(x, NAN);
    const testing::RunPhases run;
    cuda::moments_of(how, kEpsilon, x.const_data_ptr(), nullptr, numbers(partials), {numbers(mean), numbers(inverse)},
                     run);
    cuda::forward_of(how, x.const_data_ptr(), {numbers(mean), numbers(inverse), how.groups},
                     {numbers(weight), numbers(bias), false}, y.mutable_data_ptr(), run);
    return y;
  };
  EXPECT_TRUE(at::equal(result(x_).slice(0, of.batch - 1), result(x_.slice(0, of.batch - 1))));
}

INSTANTIATE_TEST_SUITE_P(
    Maps, NormaliseWork,
    ::testing::Values(Maps{2, 32, 8, 8, 32, at::kFloat, true}, Maps{3, 160, 7, 9, 32, at::kBFloat16, true},
                      Maps{1, 160, 64, 64, 32, at::kBFloat16, true}, Maps{2, 640, 8, 8, 32, at::kBFloat16, true},
                      Maps{2, 320, 16, 16, 32, at::kFloat, true}, Maps{1, 1920, 8, 5, 32, at::kBFloat16, true},
                      Maps{1, 128, 60, 100, 32, at::kBFloat16, true}, Maps{2, 48, 13, 11, 16, at::kFloat, true},
                      Maps{2, 48, 13, 11, 16, at::kBFloat16, true}, Maps{2, 48, 33, 31, 16, at::kBFloat16, false},
                      Maps{3, 20, 5, 7, 4, at::kBFloat16, false}, Maps{3, 20, 5, 7, 5, at::kFloat, false},
                      Maps{2, 64, 1, 1, 4, at::kFloat, true}, Maps{2, 64, 1, 1, 4, at::kBFloat16, true},
                      Maps{2, 264, 3, 2, 1, at::kBFloat16, true}, Maps{2, 264, 20, 30, 2, at::kFloat, true},
                      Maps{1, 33, 9, 4, 3, at::kFloat, false}));

// What the network of the paper and its autoencoder have: a block's shared memory and threads, and blocks enough for
// the 132 processors of an H100 from a batch of eight on.
TEST(MapGrid, FillsAGpu) {
  for (const std::int64_t side : {8, 16, 32, 64, 256}) {
    for (const std::int64_t channels : {128, 160, 320, 512, 640, 960, 1280}) {
      const cuda::MapGrid grid(8, side * side, channels, 8);
      EXPECT_GE(grid.threads(), 128) << side << ' ' << channels;
      EXPECT_LE(grid.threads(), cuda::MapGrid::kThreads);
      EXPECT_GE(grid.tiles * grid.columns * 8, channels);
      EXPECT_GE(grid.chunks * grid.rows * grid.turns, side * side);
      EXPECT_LT((grid.chunks - 1) * grid.rows * grid.turns, side * side);
      if (side >= 16 || channels >= 640) {
        EXPECT_GE(grid.blocks(), 128) << side << ' ' << channels;
      }
    }
  }
}

}  // namespace
}  // namespace samsr
