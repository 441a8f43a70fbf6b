// normalised() on maps channels last against LibTorch's group norm in float64.

#include "models/layers/normalise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/kernels.h"
#include "models/layers/basic_layers.h"
#include "support/device.h"

namespace samsr {
namespace {
using testing::placed;

struct Case {
  std::int64_t batch, channels, height, width;
  at::ScalarType type;
  std::int64_t groups = kNormGroups;
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << ' ' << each.type;
}

class Normalised : public ::testing::TestWithParam<Case> {
 protected:
  Normalised() {
    torch::manual_seed(3);
    const Case& of = GetParam();
    norm_ = placed(norm());
    const torch::NoGradGuard no_grad;
    norm_->weight.normal_(1, 0.3);
    norm_->bias.normal_(0, 0.3);
    // A mean far from zero, on which one pass of sums of squares would lose its digits.
    const at::Tensor level = 5 * torch::randn({1, of.channels, 1, 1});
    x_ = placed(level + torch::randn({of.batch, of.channels, of.height, of.width}))
             .to(of.type)
             .contiguous(at::MemoryFormat::ChannelsLast);
    upstream_ = placed(torch::randn(x_.sizes())).to(of.type).contiguous(at::MemoryFormat::ChannelsLast);
    scale_ = 0.2 * torch::randn({of.batch, of.channels});
    shift_ = 0.2 * torch::randn({of.batch, of.channels});
  }

  static torch::nn::GroupNorm norm() {
    return torch::nn::GroupNorm(torch::nn::GroupNormOptions(GetParam().groups, GetParam().channels));
  }

  double tolerance() const { return GetParam().type == at::kFloat ? 2e-5 : 0.04; }

  /// Result and gradients of x, weight, bias, scale, shift; the reference's computed on the CPU.
  std::vector<at::Tensor> results(bool by_reference, Activation activation, bool modulated) {
    const at::ScalarType type = by_reference ? at::kDouble : x_.scalar_type();
    const at::ScalarType parameters = by_reference ? at::kDouble : at::kFloat;
    torch::nn::GroupNorm norm = Normalised::norm();
    const c10::Device device = by_reference ? c10::Device(c10::kCPU) : testing::device();
    norm->to(device, parameters);
    {
      const torch::NoGradGuard no_grad;
      norm->weight.copy_(norm_->weight);
      norm->bias.copy_(norm_->bias);
    }
    at::Tensor x = x_.detach().to(device, type);
    x = (by_reference ? x.contiguous() : x).requires_grad_();
    at::Tensor scale = scale_.to(device, parameters).detach().requires_grad_();
    at::Tensor shift = shift_.to(device, parameters).detach().requires_grad_();
    const at::Tensor y = modulated ? normalised(norm, x, scale, shift, activation) : normalised(norm, x, activation);
    (y * upstream_.to(device, type)).sum().backward();
    std::vector<at::Tensor> all{y.detach(), x.grad(), norm->weight.grad(), norm->bias.grad()};
    if (modulated) {
      all.insert(all.end(), {scale.grad(), shift.grad()});
    }
    return all;
  }

  torch::nn::GroupNorm norm_{nullptr};
  at::Tensor x_, upstream_, scale_, shift_;
};

TEST_P(Normalised, AgreesWithGroupNormInDoublePrecision) {
  for (const bool modulated : {false, true}) {
    for (const Activation activation : {Activation::kNone, Activation::kSilu}) {
      const auto expected = results(true, activation, modulated);
      const auto found = results(false, activation, modulated);
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double scale = expected[i].abs().max().item<double>();
        const double error = (found[i].to(at::kCPU, at::kDouble) - expected[i]).abs().max().item<double>();
        EXPECT_LE(error, tolerance() * scale)
            << "tensor " << i << (modulated ? ", modulated" : "") << (activation == Activation::kSilu ? ", SiLU" : "");
      }
    }
  }
}

TEST_P(Normalised, KeepsLayoutAndTypeAndDoesNotDependOnThreads) {
  const torch::NoGradGuard no_grad;
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = normalised(norm_, x_, Activation::kSilu);
  at::set_num_threads(3);
  const at::Tensor three = normalised(norm_, x_, Activation::kSilu);
  at::set_num_threads(threads);
  if (cpu_kernels(x_) || x_.is_cuda()) {  // LibTorch's operators on a CPU do depend on them
    EXPECT_TRUE(at::equal(one, three));
  }
  EXPECT_EQ(one.scalar_type(), x_.scalar_type());
  EXPECT_EQ(one.strides(), x_.strides());
}

TEST_P(Normalised, ComputesTheSameBytesEachTime) {
  for (const bool modulated : {false, true}) {
    const auto first = results(false, Activation::kSilu, modulated);
    for (int run = 0; run < 3; ++run) {
      const auto again = results(false, Activation::kSilu, modulated);
      for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_TRUE(at::equal(first[i], again[i])) << "tensor " << i << (modulated ? ", modulated" : "");
      }
    }
  }
}

TEST_P(Normalised, IsAKernelsWhereThereIsOne) {
  const std::string by = normalised(norm_, x_, Activation::kSilu).grad_fn()->name();
  EXPECT_EQ(by.find("NormaliseFunction") != std::string::npos, cpu_kernels(x_) || gpu_kernels(x_)) << by;
}

TEST_P(Normalised, NotANumberStaysOne) {
  const torch::NoGradGuard no_grad;
  x_[0][0][0][0] = NAN;
  EXPECT_TRUE(normalised(norm_, x_, Activation::kSilu)[0][0].isnan().all().item<bool>());
}

// In either layout, and so with the kernel and without it: what lies between is not rounded.
TEST(NormalisedInBf16, RoundsOnce) {
  torch::manual_seed(4);
  torch::nn::GroupNorm norm = placed(group_norm(64));
  const torch::NoGradGuard no_grad;
  norm->weight.normal_(1, 0.3);
  norm->bias.normal_(0, 0.3);
  const auto rounded = [](const at::Tensor& x) { return placed(x).to(at::kBFloat16); };
  const at::Tensor x = rounded(3 + torch::randn({2, 64, 12, 9}));
  const at::Tensor scale = rounded(0.2 * torch::randn({2, 64}));
  const at::Tensor shift = rounded(0.2 * torch::randn({2, 64}));
  torch::nn::GroupNorm exact_norm = group_norm(64);
  exact_norm->to(at::kDouble);
  exact_norm->weight.copy_(norm->weight);
  exact_norm->bias.copy_(norm->bias);
  const auto exact = [](const at::Tensor& each) { return each.to(at::kCPU, at::kDouble); };
  constexpr double kHalfOfLastPlace = 0x1p-8;  // relative to the number, of 8 bits
  for (const auto layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    for (const Activation activation : {Activation::kNone, Activation::kSilu}) {
      const at::Tensor expected = normalised(exact_norm, exact(x), exact(scale), exact(shift), activation);
      const at::Tensor found = normalised(norm, x.contiguous(layout), scale, shift, activation);
      EXPECT_EQ(found.scalar_type(), at::kBFloat16);
      const at::Tensor error = (exact(found) - expected).abs() - kHalfOfLastPlace * expected.abs();
      EXPECT_LE(error.max().item<double>(), 1e-4) << layout << (activation == Activation::kSilu ? ", SiLU" : "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Maps, Normalised,
                         ::testing::Values(Case{2, 32, 8, 8, at::kFloat}, Case{3, 64, 5, 7, at::kFloat},
                                           Case{1, 96, 40, 24, at::kFloat}, Case{2, 64, 32, 32, at::kBFloat16},
                                           Case{1, 128, 3, 3, at::kBFloat16}, Case{3, 160, 33, 31, at::kBFloat16},
                                           Case{2, 640, 8, 8, at::kBFloat16}, Case{2, 320, 16, 16, at::kFloat},
                                           Case{3, 20, 5, 7, at::kFloat, 4}, Case{2, 20, 9, 7, at::kBFloat16, 5},
                                           Case{2, 48, 13, 11, at::kBFloat16, 16}));

}  // namespace
}  // namespace samsr
