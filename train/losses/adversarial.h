#pragma once
// Adversarial terms, from logits to (B) in the logits' type: means over everything but the batch. Logits are (B) or
// (B,…), higher for what the discriminator takes for a photograph's.

#include <ATen/core/Tensor.h>

namespace samsr {

/// What a discriminator of the non-saturating GAN (Goodfellow et al. 2014) pays: softplus(-real) + softplus(made), for
/// photographs and for what the student made of the same samples.
at::Tensor softplus_adversarial(const at::Tensor& real, const at::Tensor& made);

/// What the student pays for the logits of what it made: softplus(-made).
at::Tensor softplus_adversarial(const at::Tensor& made);

}  // namespace samsr
