// Windows of maps, and the Swin block that uses them, against float64 on the CPU.

#include "models/unet/windows.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

#include "core/kernels.h"
#include "models/layers/autocast.h"
#include "models/layers/channels_last.h"
#include "models/unet/swin.h"
#include "support/device.h"

namespace samsr {
namespace {
using testing::placed;

struct WindowsCase {
  std::int64_t batch, channels, height, width;
  Windows how;
  at::ScalarType type;
};

void PrintTo(const WindowsCase& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << ", windows of "
       << each.how.window << " shifted by " << each.how.shift << ", " << each.type;
}

at::Tensor exact(const at::Tensor& x) { return x.detach().to(at::kCPU, at::kDouble); }

class WindowsOfMaps : public ::testing::TestWithParam<WindowsCase> {
 protected:
  WindowsOfMaps() {
    torch::manual_seed(3);
    const WindowsCase& of = GetParam();
    map_ = random({of.batch, of.channels, of.height, of.width}).contiguous(at::MemoryFormat::ChannelsLast);
    const std::int64_t area = of.how.window * of.how.window;
    windows_ = random({of.batch, of.height * of.width / area, area, of.channels});
  }

  static at::Tensor random(at::IntArrayRef sizes) { return placed(torch::randn(sizes)).to(GetParam().type); }

  /// Windows of the map and their gradient's way back; the sum with the windows, and its gradients.
  static std::vector<at::Tensor> results(at::Tensor map, at::Tensor windows) {
    map = map.detach().requires_grad_();
    windows = windows.detach().requires_grad_();
    const at::Tensor of_map = windows_of(map, GetParam().how);
    const auto to_map = torch::autograd::grad({of_map}, {map}, {windows.detach()});
    const at::Tensor sum = sum_with_windows(map, windows, GetParam().how);
    const auto of_sum = torch::autograd::grad({sum}, {map, windows}, {map.detach()});
    return {of_map.detach(), to_map[0], sum.detach(), of_sum[0], of_sum[1]};
  }

  at::Tensor map_, windows_;
};

// All but the sum is copied; the sum is rounded once.
TEST_P(WindowsOfMaps, AgreeWithDoublePrecision) {
  const auto expected = results(exact(map_), exact(windows_));
  const auto found = results(map_, windows_);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].scalar_type(), map_.scalar_type());
    EXPECT_EQ(found[i].sizes(), expected[i].sizes());
    EXPECT_TRUE(at::equal(exact(found[i]), exact(expected[i].to(map_.scalar_type())))) << "tensor " << i;
  }
  EXPECT_EQ(found[0].strides(), windows_.strides());
  EXPECT_EQ(found[2].strides(), map_.strides());
}

TEST_P(WindowsOfMaps, TakeGradientsOfAnyLayout) {
  const auto gradients = [&](bool turned) {
    const at::Tensor map = map_.detach().requires_grad_();
    const at::Tensor sum = sum_with_windows(map, windows_of(map, GetParam().how), GetParam().how);
    return torch::autograd::grad({sum}, {map}, {turned ? map_.contiguous() : map_})[0];
  };
  EXPECT_TRUE(at::equal(gradients(false), gradients(true)));
}

TEST_P(WindowsOfMaps, AreAKernelsWhereThereIsOne) {
  const at::Tensor map = map_.detach().requires_grad_();
  const std::string cut = windows_of(map, GetParam().how).grad_fn()->name();
  EXPECT_EQ(cut.find("WindowsOfMap") != std::string::npos, gpu_kernels(map)) << cut;
  const std::string sum = sum_with_windows(map, windows_, GetParam().how).grad_fn()->name();
  EXPECT_EQ(sum.find("SumWithWindows") != std::string::npos, gpu_kernels(map)) << sum;
}

INSTANTIATE_TEST_SUITE_P(Maps, WindowsOfMaps,
                         ::testing::Values(WindowsCase{2, 192, 24, 16, {8, 0}, at::kBFloat16},
                                           WindowsCase{2, 192, 24, 16, {8, 4}, at::kBFloat16},
                                           WindowsCase{2, 192, 64, 64, {8, 4}, at::kBFloat16},
                                           WindowsCase{2, 192, 16, 40, {8, 4}, at::kFloat},
                                           WindowsCase{2, 6, 24, 16, {8, 4}, at::kBFloat16},
                                           WindowsCase{2, 6, 8, 12, {4, 2}, at::kFloat},
                                           WindowsCase{2, 6, 5, 7, {1, 0}, at::kBFloat16},
                                           WindowsCase{1, 20, 9, 15, {3, 1}, at::kFloat}));

/// The block's result and the gradients of its input and parameters; in double precision on the CPU if `exactly`.
std::vector<at::Tensor> block_results(std::int64_t shift, const at::Tensor& input, bool exactly, bool bf16) {
  torch::manual_seed(7);
  const auto block = std::make_shared<SwinBlock>(SwinBlock::Options{64, 2, 8, shift, 16, 2, 0});
  use_channels_last(*block);
  block->to(exactly ? c10::Device(c10::kCPU) : testing::device());
  for (at::Tensor& parameter : block->parameters()) {  // the module's buffer of indices keeps its type
    parameter.set_data(parameter.to(exactly ? at::kDouble : at::kFloat));
  }
  const at::Tensor x = (exactly ? exact(input) : input.detach()).requires_grad_();
  at::Tensor y;
  {
    const Autocast autocast(x.device(), bf16 && !exactly);
    y = block->forward(x);
  }
  y.backward(torch::ones_like(y) + x.detach().to(y.scalar_type()));
  std::vector<at::Tensor> all{y, x.grad()};
  for (const at::Tensor& parameter : block->parameters()) {
    all.push_back(parameter.grad());
  }
  return all;
}

TEST(SwinBlock, AgreesWithDoublePrecision) {
  for (const bool bf16 : {false, true}) {
    for (const std::int64_t shift : {0, 4}) {
      const at::Tensor x = placed(torch::randn({2, 64, 16, 24}))
                               .to(bf16 ? at::kBFloat16 : at::kFloat)
                               .contiguous(at::MemoryFormat::ChannelsLast);
      const auto expected = block_results(shift, x, true, bf16);
      const auto found = block_results(shift, x, false, bf16);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        const at::Tensor want = exact(expected[i]);
        const double error = (exact(found[i]) - want).norm().item<double>();
        EXPECT_LE(error, (bf16 ? 0.03 : 1e-4) * want.norm().item<double>())
            << "tensor " << i << ", shift " << shift << (bf16 ? ", bf16" : "");
      }
    }
  }
}

}  // namespace
}  // namespace samsr
