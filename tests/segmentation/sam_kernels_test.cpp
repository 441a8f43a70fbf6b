#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/layers/wide_linear.h"
#include "segmentation/sam/image_kernels.h"

namespace samsr {
namespace {

/// Number types, and how near their kernels must come.
class SamKernels : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  at::Tensor random(at::IntArrayRef shape) const {
    torch::manual_seed(7);
    return (torch::randn(shape) * 4).to(GetParam());
  }
  double tolerance() const { return GetParam() == at::kFloat ? 1e-5 : 1e-2; }
};

TEST_P(SamKernels, SoftmaxOverTokens) {
  for (const std::int64_t heads : {1, 3, 8}) {
    const at::Tensor given = random({21, 7 * heads});
    const at::Tensor expected = given.to(at::kDouble).view({21, 7, heads}).softmax(1).view({21, 7 * heads});
    at::Tensor scores = given.clone();
    softmax_over_tokens_(scores, heads);
    EXPECT_TRUE(scores.to(at::kDouble).allclose(expected, tolerance(), tolerance())) << heads;
  }
}

TEST_P(SamKernels, SoftmaxOverPositions) {
  const at::Tensor given = random({300, 21}) * 5;
  at::Tensor scores = given.clone();
  const at::Tensor divisors = softmax_over_positions_(scores);
  const at::Tensor expected = given.to(at::kDouble).softmax(0);
  EXPECT_TRUE((scores.to(at::kDouble) / divisors).allclose(expected, tolerance(), tolerance()));
  EXPECT_TRUE((scores.to(at::kDouble).sum(0) / divisors).allclose(torch::ones({21}, at::kDouble), tolerance(), 0));
}

TEST_P(SamKernels, SoftmaxWithBias) {
  for (const std::int64_t width : {3, 16, 21}) {
    const at::Tensor given = random({9, 5 * width});
    const at::Tensor bias_h = random({9, 5}).flip(0).contiguous();
    const at::Tensor bias_w = random({9, width}).flip(0).contiguous();
    at::Tensor scores = given.clone();
    const at::Tensor divisors = softmax_with_bias_(scores, bias_h, bias_w);
    const at::Tensor sum = given.to(at::kDouble).view({9, 5, width}) + bias_h.to(at::kDouble).unsqueeze(2) +
                           bias_w.to(at::kDouble).unsqueeze(1);
    EXPECT_TRUE(
        (scores.to(at::kDouble) / divisors.unsqueeze(1)).allclose(sum.flatten(1).softmax(1), tolerance(), tolerance()));
  }
}

TEST(SamMaps, QuartersOfPositionsBecomeAMap) {
  const at::Tensor flat = torch::randn({2, 3 * 3 * 16});
  const at::Tensor maps = flat.view({2, 3, 3, 2, 2, 2, 2}).permute({0, 1, 3, 5, 2, 4, 6}).reshape({2, 12, 12});
  EXPECT_TRUE(as_maps(flat, 3).equal(maps));
}

TEST_P(SamKernels, NormaliseWithAndWithoutAnAddition) {
  for (const std::int64_t channels : {5, 16, 72}) {
    const at::Tensor image = random({13, channels}) + 3;
    const at::Tensor added = random({13, channels}).flip(0).contiguous();
    const at::Tensor weight = torch::rand({channels});
    const at::Tensor bias = torch::rand({channels});
    const auto expected = [&](const at::Tensor& x) {
      return at::layer_norm(x, {channels}, weight.to(at::kDouble), bias.to(at::kDouble), 1e-3);
    };
    at::Tensor out = at::empty_like(image);
    normalise(image, added, weight, bias, 1e-3, out);
    EXPECT_TRUE(out.to(at::kDouble)
                    .allclose(expected(image.to(at::kDouble) + added.to(at::kDouble)), tolerance(), tolerance()));
    at::Tensor in_place = image.clone();
    normalise(in_place, {}, weight, bias, 1e-3, in_place);
    EXPECT_TRUE(in_place.to(at::kDouble).allclose(expected(image.to(at::kDouble)), tolerance(), tolerance()));
  }
}

TEST_P(SamKernels, WideLinear) {
  const at::Tensor x = random({2, 5, 33});
  const at::Tensor weight = random({7, 33}) / 33;
  const at::Tensor bias = random({7});
  const auto in_double = [](const at::Tensor& tensor) { return tensor.to(at::kDouble); };
  EXPECT_TRUE(wide_linear(x, weight, bias)
                  .to(at::kDouble)
                  .allclose(at::linear(in_double(x), in_double(weight), in_double(bias)), tolerance(), tolerance()));
  EXPECT_TRUE(wide_linear(x, weight, {})
                  .to(at::kDouble)
                  .allclose(at::linear(in_double(x), in_double(weight)), tolerance(), tolerance()));
}

INSTANTIATE_TEST_SUITE_P(Types, SamKernels, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& each) { return c10::toString(each.param); });

}  // namespace
}  // namespace samsr
