#pragma once
// Adversarial terms, from logits to (B) in the logits' type: means over everything but the batch. Logits are (B) or
// (B,…), higher for what the discriminator takes for a photograph's.

#include <ATen/core/Tensor.h>

#include <string>

namespace samsr {

/// What a discriminator of the non-saturating GAN (Goodfellow et al. 2014) pays: softplus(-real) + softplus(made), for
/// photographs and for what the student made of the same samples.
at::Tensor softplus_adversarial(const at::Tensor& real, const at::Tensor& made);

/// What the student pays for the logits of what it made: softplus(-made).
at::Tensor softplus_adversarial(const at::Tensor& made);

/// The hinge form (arXiv 1705.02894) of the discriminator's loss: relu(1 - real) + relu(1 + made).
at::Tensor hinge_adversarial(const at::Tensor& real, const at::Tensor& made);

/// What the student pays beside it: -made.
at::Tensor hinge_adversarial(const at::Tensor& made);

/// The discriminator's loss in the form `discriminator.loss`: hinge or softplus.
at::Tensor discriminator_loss(const std::string& form, const at::Tensor& real, const at::Tensor& made);

/// The student's.
at::Tensor adversarial_loss(const std::string& form, const at::Tensor& made);

/// Share of the logits that tell real from made: ½ for a discriminator that knows nothing. (B) float32, no gradient.
at::Tensor discriminator_accuracy(const at::Tensor& real, const at::Tensor& made);

}  // namespace samsr
