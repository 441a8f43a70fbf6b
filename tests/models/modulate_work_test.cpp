// The kernels of GPUs for the step's modulation, run thread by thread on a CPU, against plain operators in float64.

#include "models/cuda/modulate_work.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "models/run_phases.h"

namespace samsr {
namespace {

template <class S>
void expect_operators(std::int64_t batch, std::int64_t channels, at::ScalarType type, double tolerance) {
  torch::manual_seed(6);
  const at::Tensor weight = torch::randn({channels});
  const at::Tensor bias = torch::randn({channels});
  const at::Tensor both = torch::randn({batch, 2 * channels}).to(type);
  const at::Tensor weight_upstream = torch::randn({batch, channels});
  const at::Tensor bias_upstream = torch::randn({batch, channels});

  std::vector<at::Tensor> leaves;
  for (const at::Tensor& each : {weight, bias, both.chunk(2, 1)[0], both.chunk(2, 1)[1]}) {
    leaves.push_back(each.to(at::kDouble).clone().requires_grad_());
  }
  const at::Tensor gain = 1 + leaves[2];
  const std::vector<at::Tensor> expected{leaves[0] * gain, leaves[1] * gain + leaves[3]};
  (expected[0] * weight_upstream + expected[1] * bias_upstream).sum().backward();

  const auto numbers = [](const at::Tensor& of) { return of.mutable_data_ptr<float>(); };
  const auto* const scale = static_cast<const S*>(both.const_data_ptr());
  const cuda::Modulation<S> of{static_cast<int>(batch),
                               static_cast<int>(channels),
                               numbers(weight),
                               numbers(bias),
                               scale,
                               scale + channels,
                               2 * channels,
                               2 * channels};
  for (const bool backwards : {false, true}) {
    const testing::RunPhases run(backwards);
    const std::vector<at::Tensor> found{torch::full({batch, channels}, NAN), torch::full({batch, channels}, NAN)};
    const cuda::Modulate<S> forward{of, numbers(found[0]), numbers(found[1])};
    run(forward, forward.blocks(), cuda::Modulate<S>::kThreads);
    const std::vector<at::Tensor> gradients{torch::full({channels}, NAN), torch::full({channels}, NAN),
                                            torch::full({batch, channels}, NAN, type),
                                            torch::full({batch, channels}, NAN, type)};
    const cuda::ModulateBackward<S> backward{of,
                                             numbers(weight_upstream),
                                             numbers(bias_upstream),
                                             numbers(gradients[0]),
                                             numbers(gradients[1]),
                                             static_cast<S*>(gradients[2].mutable_data_ptr()),
                                             static_cast<S*>(gradients[3].mutable_data_ptr())};
    run(backward, backward.blocks(), cuda::ModulateBackward<S>::kThreads);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(at::allclose(found[i].to(at::kDouble), expected[i], 1e-5, 1e-5)) << i;
    }
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_TRUE(at::allclose(gradients[i].to(at::kDouble), leaves[i].grad(), tolerance, tolerance)) << i;
    }
  }
}

TEST(ModulateWork, AgreesWithOperatorsInDoublePrecision) {
  expect_operators<float>(5, 160, at::kFloat, 1e-5);
  expect_operators<float>(1, 7, at::kFloat, 1e-5);
  expect_operators<BrainFloat>(19, 45, at::kBFloat16, 0x1p-8);
}

}  // namespace
}  // namespace samsr
