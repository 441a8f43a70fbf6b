// The kernels of GPUs for sums with a bias, run block by block and thread by thread on a CPU, against plain operators
// in float64.

#include "models/cuda/biased_sum_work.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "models/run_phases.h"

namespace samsr {
namespace {

struct SummedMaps {
  std::int64_t batch, channels, height, width;
  at::ScalarType type;
  bool packed;
};

void PrintTo(const SummedMaps& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << ", " << each.type
       << (each.packed ? "" : ", channel by channel");
}

class BiasedSumWork : public ::testing::TestWithParam<SummedMaps> {
 protected:
  BiasedSumWork() { torch::manual_seed(5); }

  static at::Tensor map() {
    const SummedMaps& of = GetParam();
    return torch::randn({of.batch, of.height, of.width, of.channels}).to(of.type);
  }

  static cuda::SumMaps maps() {
    const SummedMaps& of = GetParam();
    return {of.batch, of.channels, of.height * of.width, {of.type == at::kBFloat16, of.packed}};
  }
};

TEST_P(BiasedSumWork, RoundsTheSumOnce) {
  const at::Tensor shortcut = map();
  const at::Tensor x = map();
  const at::Tensor bias = torch::randn({GetParam().channels});
  for (const bool backwards : {false, true}) {
    const at::Tensor y = torch::full_like(x, NAN);
    cuda::biased_sum_of(maps(), shortcut.const_data_ptr(), x.const_data_ptr(), bias.const_data_ptr<float>(),
                        y.mutable_data_ptr(), testing::RunPhases(backwards));
    EXPECT_TRUE(at::equal(y, (shortcut.to(at::kFloat) + (x.to(at::kFloat) + bias)).to(x.scalar_type())));
  }
}

TEST_P(BiasedSumWork, SumsChannelsInAnyOrderOfThreads) {
  const at::Tensor x = map();
  const at::Tensor expected = x.to(at::kDouble).sum({0, 1, 2});
  const auto sums = [&](bool backwards) {
    const at::Tensor partials = torch::full({cuda::partials_of(maps())}, NAN);
    const at::Tensor found = torch::full({GetParam().channels}, NAN);
    cuda::channel_sums_of(maps(), x.const_data_ptr(), partials.mutable_data_ptr<float>(),
                          found.mutable_data_ptr<float>(), testing::RunPhases(backwards));
    return found;
  };
  const at::Tensor found = sums(false);
  EXPECT_LE((found - expected).abs().max().item<double>(),
            1e-6 * x.to(at::kDouble).abs().sum({0, 1, 2}).max().item<double>());
  EXPECT_TRUE(at::equal(found, sums(true)));
}

INSTANTIATE_TEST_SUITE_P(
    Maps, BiasedSumWork,
    ::testing::Values(SummedMaps{2, 160, 64, 64, at::kBFloat16, true}, SummedMaps{3, 320, 7, 9, at::kBFloat16, true},
                      SummedMaps{2, 640, 8, 8, at::kFloat, true}, SummedMaps{2, 48, 33, 31, at::kBFloat16, false},
                      SummedMaps{3, 6, 5, 7, at::kBFloat16, false}, SummedMaps{1, 33, 9, 4, at::kFloat, false},
                      SummedMaps{1, 8, 1, 1, at::kBFloat16, true}, SummedMaps{2, 264, 20, 30, at::kFloat, true}));

}  // namespace
}  // namespace samsr
