#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/discriminators/discriminator.h"
#include "train/recipes/distillation.h"

namespace samsr {

/// What a discriminator is shown of a batch.
struct Shown {
  std::vector<at::Tensor> maps;  ///< rows: the truth's, where they were asked for, and those of predictions behind them
  at::Tensor steps;              ///< (B) int64: of the noise on them; undefined for none
};

/// A discriminator, and what it sees of the truth and of a student's one-step predictions.
class Critic {
 public:
  virtual ~Critic() = default;

  virtual DiscriminatorImpl& network() = 0;
  /// With the predictions' gradient where there is one.
  virtual Shown shown(const DistillAnswers& answers, bool truth_too) const = 0;
};

/// The critic of the settings, fresh, a function of train.seed, on the device of the network; null where
/// distill.lambda_adversarial is 0.
std::unique_ptr<Critic> make_critic(const SuperResolutionParts& parts);

/// discriminator.init: first weights from the file that it names. UserError as find_weights() and load_weights().
void load_first_weights(DiscriminatorImpl& network, const DiscriminatorSettings& settings, Log& log);

/// UserError where the critic of the settings cannot look at pictures of (height, width) LR pixels.
void check_critic(const SuperResolutionParts& parts, std::int64_t height, std::int64_t width);

/// UserError where the U-Net cannot look at HR images of (height, width) pixels.
void check_image_critic(std::int64_t height, std::int64_t width);

/// What a discriminator pays, in the form `discriminator.loss`, and, logged only, its accuracy and its mean logits of
/// the truth and of predictions.
RecipeLosses discriminator_losses(const std::string& form, const at::Tensor& real_logits,
                                  const at::Tensor& made_logits);

}  // namespace samsr
