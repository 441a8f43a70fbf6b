#include "train/losses/adversarial.h"

#include <ATen/ATen.h>

namespace samsr {
namespace {

at::Tensor mean_of_samples(const at::Tensor& values) { return values.flatten(1).mean(1); }

/// log(1 + e^x) of (B) or (B,…): (B).
at::Tensor mean_softplus(const at::Tensor& logits) { return mean_of_samples(at::softplus(logits.unsqueeze(-1))); }

}  // namespace

at::Tensor softplus_adversarial(const at::Tensor& real, const at::Tensor& made) {
  return mean_softplus(-real) + mean_softplus(made);
}

at::Tensor softplus_adversarial(const at::Tensor& made) { return mean_softplus(-made); }

}  // namespace samsr
