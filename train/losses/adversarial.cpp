#include "train/losses/adversarial.h"

#include <torch/torch.h>

namespace samsr {
namespace {

/// Means of (B) or (B,…) over all but the first: (B).
at::Tensor mean_of_samples(const at::Tensor& values) { return values.unsqueeze(-1).flatten(1).mean(1); }

/// log(1 + e^x) of (B) or (B,…): (B).
at::Tensor mean_softplus(const at::Tensor& logits) { return mean_of_samples(at::softplus(logits)); }

bool is_hinge(const std::string& form) {
  TORCH_CHECK(form == "hinge" || form == "softplus", "an adversarial loss of the unknown form ", form);
  return form == "hinge";
}

}  // namespace

at::Tensor softplus_adversarial(const at::Tensor& real, const at::Tensor& made) {
  return mean_softplus(-real) + mean_softplus(made);
}

at::Tensor softplus_adversarial(const at::Tensor& made) { return mean_softplus(-made); }

at::Tensor hinge_adversarial(const at::Tensor& real, const at::Tensor& made) {
  return mean_of_samples(at::relu(1 - real)) + mean_of_samples(at::relu(1 + made));
}

at::Tensor hinge_adversarial(const at::Tensor& made) { return mean_of_samples(-made); }

at::Tensor discriminator_loss(const std::string& form, const at::Tensor& real, const at::Tensor& made) {
  return is_hinge(form) ? hinge_adversarial(real, made) : softplus_adversarial(real, made);
}

at::Tensor adversarial_loss(const std::string& form, const at::Tensor& made) {
  return is_hinge(form) ? hinge_adversarial(made) : softplus_adversarial(made);
}

at::Tensor discriminator_accuracy(const at::Tensor& real, const at::Tensor& made) {
  const torch::NoGradGuard no_grad;
  const auto share = [](const at::Tensor& right) { return mean_of_samples(right.to(at::kFloat)); };
  return (share(real > 0) + share(made < 0)) / 2;
}

}  // namespace samsr
