// Maps whose bias the next operator adds, and the residual block that makes them, against float64 on the CPU.

#include "models/layers/biased_map.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <string>
#include <vector>

#include "core/kernels.h"
#include "models/layers/autocast.h"
#include "models/layers/basic_layers.h"
#include "models/layers/channels_last.h"
#include "models/layers/normalise.h"
#include "models/unet/unet_layers.h"
#include "support/device.h"

namespace samsr {
namespace {
using testing::placed;

struct BiasedCase {
  std::int64_t batch, channels, height, width;
  at::ScalarType type;
};

void PrintTo(const BiasedCase& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << ' ' << each.type;
}

at::Tensor in_double(const at::Tensor& x) { return x.detach().to(at::kCPU, at::kDouble); }

/// Relative to the size of the numbers together.
double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  return ((in_double(found) - expected).norm() / expected.norm()).item<double>();
}

class BiasedMaps : public ::testing::TestWithParam<BiasedCase> {
 protected:
  BiasedMaps() {
    torch::manual_seed(3);
    map_ = random_map();
    other_ = random_map();
    upstream_ = random_map();
    bias_ = placed(torch::randn({GetParam().channels}));
    scale_ = placed(0.2 * torch::randn({GetParam().batch, GetParam().channels}));
    shift_ = placed(0.2 * torch::randn({GetParam().batch, GetParam().channels}));
  }

  static at::Tensor random_map() {
    const BiasedCase& of = GetParam();
    return placed(torch::randn({of.batch, of.channels, of.height, of.width}))
        .to(of.type)
        .contiguous(at::MemoryFormat::ChannelsLast);
  }

  double tolerance() const { return GetParam().type == at::kFloat ? 1e-5 : 0.01; }

  using Tensors = std::vector<at::Tensor>;

  /// The sum and the gradients of its summands, bias last.
  Tensors sums(bool exactly) const {
    const auto leaf = [&](const at::Tensor& x) { return (exactly ? in_double(x) : x.detach()).requires_grad_(); };
    const at::Tensor shortcut = leaf(other_);
    const at::Tensor map = leaf(map_);
    const at::Tensor bias = leaf(bias_);
    const at::Tensor sum = sum_of(shortcut, {map, bias});
    const Tensors gradients =
        torch::autograd::grad({sum}, {shortcut, map, bias}, {exactly ? in_double(upstream_) : upstream_});
    return {sum.detach(), gradients[0], gradients[1], gradients[2]};
  }

  /// What the modulated norm gives, and the gradients of all that goes in.
  Tensors norms(bool exactly) const {
    const auto leaf = [&](const at::Tensor& x) { return (exactly ? in_double(x) : x.detach()).requires_grad_(); };
    torch::nn::GroupNorm norm(torch::nn::GroupNormOptions(4, GetParam().channels));
    exactly ? norm->to(at::kDouble) : norm->to(testing::device());
    const Tensors leaves{leaf(map_), leaf(bias_), leaf(scale_), leaf(shift_), norm->weight, norm->bias};
    const at::Tensor y = normalised(norm, BiasedMap{leaves[0], leaves[1]}, leaves[2], leaves[3], Activation::kSilu);
    Tensors all = torch::autograd::grad({y}, leaves, {exactly ? in_double(upstream_) : upstream_});
    all.push_back(y.detach());
    return all;
  }

  at::Tensor map_, other_, upstream_, bias_, scale_, shift_;
};

TEST_P(BiasedMaps, AreSummedAsInDoublePrecision) {
  const Tensors expected = sums(true);
  const Tensors found = sums(false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(relative_error(found[i], expected[i]), tolerance()) << "tensor " << i;
  }
  EXPECT_EQ(found[0].scalar_type(), map_.scalar_type());
  EXPECT_EQ(found[0].strides(), map_.strides());
  EXPECT_EQ(found[3].scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(found[1], upstream_));
  EXPECT_TRUE(at::equal(found[2], upstream_));
}

TEST_P(BiasedMaps, AreNormalisedAsInDoublePrecision) {
  const Tensors expected = norms(true);
  const Tensors found = norms(false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(relative_error(found[i], expected[i]), tolerance()) << "tensor " << i;
  }
}

TEST_P(BiasedMaps, HaveTheSameBytesEachTime) {
  for (const bool summed : {true, false}) {
    const Tensors first = summed ? sums(false) : norms(false);
    for (int run = 0; run < 3; ++run) {
      const Tensors again = summed ? sums(false) : norms(false);
      for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_TRUE(at::equal(first[i], again[i])) << "tensor " << i << (summed ? " of the sum" : " of the norm");
      }
    }
  }
}

TEST_P(BiasedMaps, AreSummedByAKernelWhereThereIsOne) {
  const at::Tensor map = map_.detach().requires_grad_();
  const std::string by = sum_of(other_, {map, bias_}).grad_fn()->name();
  EXPECT_EQ(by.find("BiasedSum") != std::string::npos, gpu_kernels(map)) << by;
}

INSTANTIATE_TEST_SUITE_P(Maps, BiasedMaps,
                         ::testing::Values(BiasedCase{2, 160, 64, 64, at::kBFloat16},
                                           BiasedCase{3, 320, 7, 9, at::kBFloat16},
                                           BiasedCase{2, 640, 8, 8, at::kFloat},
                                           BiasedCase{2, 20, 33, 31, at::kBFloat16},
                                           BiasedCase{3, 20, 5, 7, at::kFloat}, BiasedCase{1, 64, 32, 24, at::kFloat}));

TEST(BiasedMap, IsAConvolutionsWithTheBiasApartForKernelsOfGpusAlone) {
  torch::manual_seed(1);
  torch::nn::Conv2d convolution = placed(conv(16, 8, 3, 2));
  const at::Tensor x = placed(torch::randn({2, 16, 9, 12}));
  const BiasedMap y = convolved(convolution, x);
  EXPECT_EQ(y.bias.defined(), gpu_kernels(x));
  EXPECT_TRUE(whole(y).allclose(convolution(x), 1e-5, 1e-5));
}

struct BlockCase {
  std::int64_t in, out;
  bool scale_shift;
  Resample resample;
};

/// The block's result and the gradients of its inputs and parameters; in double precision on the CPU if `exactly`.
std::vector<at::Tensor> block_results(const BlockCase& of, const at::Tensor& input, const at::Tensor& step,
                                      bool exactly, bool bf16) {
  torch::manual_seed(7);
  const auto block = std::make_shared<ResBlock>(ResBlock::Options{of.in, of.out, 32, 0, of.scale_shift, of.resample});
  {
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : block->parameters()) {
      parameter.copy_(0.1 * torch::randn_like(parameter) + (parameter.dim() == 1 ? 0.5 : 0.0));
    }
  }
  use_channels_last(*block);
  block->to(exactly ? c10::Device(c10::kCPU) : testing::device(), exactly ? at::kDouble : at::kFloat);
  const at::Tensor x = (exactly ? in_double(input) : input.detach()).requires_grad_();
  const at::Tensor embedding = (exactly ? in_double(step) : step.detach()).requires_grad_();
  at::Tensor y;
  {
    const Autocast autocast(x.device(), bf16 && !exactly);
    y = block->forward(x, embedding);
  }
  y.backward(torch::ones_like(y) + y.detach());
  std::vector<at::Tensor> all{y.detach(), x.grad(), embedding.grad()};
  for (const at::Tensor& parameter : block->parameters()) {
    all.push_back(parameter.grad());
  }
  return all;
}

TEST(ResBlock, AgreesWithDoublePrecision) {
  for (const bool bf16 : {false, true}) {
    for (const BlockCase& of : {BlockCase{64, 64, true, Resample::kNone}, BlockCase{64, 96, true, Resample::kNone},
                                BlockCase{64, 64, true, Resample::kUp}, BlockCase{64, 96, false, Resample::kDown}}) {
      torch::manual_seed(11);
      const at::Tensor x = placed(torch::randn({2, 64, 16, 12}))
                               .to(bf16 ? at::kBFloat16 : at::kFloat)
                               .contiguous(at::MemoryFormat::ChannelsLast);
      const at::Tensor step = placed(torch::randn({2, 32}));
      const auto expected = block_results(of, x, step, true, bf16);
      const auto found = block_results(of, x, step, false, bf16);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_LE(relative_error(found[i], expected[i]), bf16 ? 0.03 : 1e-4)
            << "tensor " << i << ", " << of.in << " to " << of.out << (bf16 ? ", bf16" : "");
      }
    }
  }
}

}  // namespace
}  // namespace samsr
