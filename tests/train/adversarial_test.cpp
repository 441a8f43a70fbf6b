// The adversarial losses by their definition, and their gradients against differences in float64.

#include "train/losses/adversarial.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <tuple>

namespace samsr {
namespace {

at::Tensor logits_of(std::uint64_t seed) {
  torch::manual_seed(seed);
  return 1.5 * torch::randn({2, 5}, torch::kDouble);
}

TEST(AdversarialLoss, IsTheMeanOverASamplesLogits) {
  const at::Tensor real = torch::tensor({{2.0, 0.5}, {-1.0, 1.0}});
  const at::Tensor made = torch::tensor({{-3.0, 0.5}, {0.0, 1.0}});
  EXPECT_TRUE(discriminator_loss("hinge", real, made).allclose(torch::tensor({0.25 + 0.75, 1.0 + 1.5})));
  EXPECT_TRUE(adversarial_loss("hinge", made).allclose(torch::tensor({1.25, -0.5})));
  const at::Tensor softplus = ((1 + (-real).exp()).log() + (1 + made.exp()).log()).mean(1);
  EXPECT_TRUE(discriminator_loss("softplus", real, made).allclose(softplus));
  EXPECT_TRUE(adversarial_loss("softplus", made).allclose((1 + (-made).exp()).log().mean(1)));
  EXPECT_TRUE(hinge_adversarial(made.select(1, 0)).allclose(torch::tensor({3.0, 0.0}))) << "one logit a sample";
  EXPECT_ANY_THROW(adversarial_loss("other", made));
}

TEST(AdversarialLoss, AccuracyCountsLogitsOnTheRightSide) {
  const at::Tensor real = torch::tensor({{2.0, 0.5}, {-1.0, 1.0}}, torch::requires_grad());
  const at::Tensor made = torch::tensor({{-3.0, -0.5}, {1.0, 1.0}});
  const at::Tensor accuracy = discriminator_accuracy(real, made);
  EXPECT_TRUE(accuracy.allclose(torch::tensor({1.0, 0.25})));
  EXPECT_FALSE(accuracy.requires_grad());
}

TEST(AdversarialLoss, GradientsAgreeWithDifferences) {
  constexpr double kStep = 1e-6;
  for (const char* form : {"hinge", "softplus"}) {
    const at::Tensor made = logits_of(1).requires_grad_();
    const at::Tensor real = logits_of(2).requires_grad_();
    const auto of_discriminator = [&] { return discriminator_loss(form, real, made).sum(); };
    const auto of_student = [&] { return adversarial_loss(form, made).sum(); };
    const std::tuple<const char*, std::function<at::Tensor()>, at::Tensor> cases[] = {
        {"real", of_discriminator, real}, {"made", of_discriminator, made}, {"student's", of_student, made}};
    for (const auto& [name, value, tensor] : cases) {
      const at::Tensor gradient = torch::autograd::grad({value()}, {tensor})[0];
      const torch::NoGradGuard no_grad;
      const at::Tensor flat = tensor.view({-1});
      for (std::int64_t i = 0; i < flat.numel(); ++i) {
        flat[i].add_(kStep);
        const double above = value().item<double>();
        flat[i].sub_(2 * kStep);
        const double below = value().item<double>();
        flat[i].add_(kStep);
        EXPECT_NEAR((above - below) / (2 * kStep), gradient.view({-1})[i].item<double>(), 1e-8)
            << form << " " << name << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace samsr
