#include "train/recipes/critic.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/rng.h"
#include "diffusion/resshift.h"
#include "models/discriminators/latent_discriminator.h"
#include "models/discriminators/unet_discriminator.h"
#include "models/layers/channels_last.h"
#include "models/super_resolution/flow_map_model.h"
#include "models/weights/find_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"
#include "train/losses/adversarial.h"

namespace samsr {
namespace {

constexpr const char* kDraws = "discriminator";

/// TAD-SR's: heads on the frozen teacher's features of latents, noised to a step of U{0 … T-2} that hides real and made
/// alike.
class LatentCritic final : public Critic {
 public:
  explicit LatentCritic(const SuperResolutionParts& parts)
      : noise_(parts.distill.discriminator.noise),
        draws_(parts.draws),
        teacher_(parts.teacher),
        network_(parts.distill.discriminator.network, parts.teacher->settings().unet.feature_channels(),
                 parts.teacher->settings().unet.model_channels) {
    network_->to(parts.network->unet()->parameters().front().device());
    for (at::Tensor& parameter : teacher_->unet()->parameters()) {
      parameter.requires_grad_(false);  // gradients pass through its features to the student
    }
  }

  DiscriminatorImpl& network() override { return *network_; }

  Shown shown(const DistillAnswers& answers, bool truth_too) const override {
    const Batch& batch = answers.batch;
    const Diffusion& diffusion = teacher_->diffusion();
    const auto repeated = [truth_too](const at::Tensor& of) { return truth_too ? at::cat({of, of}) : of; };
    const at::Tensor steps = draws_.steps(batch, kDraws, diffusion.schedule().last());
    const at::Tensor noise = draws_.noise(batch, kDraws, batch.z_y.sizes().slice(1), noise_);
    const at::Tensor latents = truth_too ? at::cat({batch.z_0, answers.latent.x0}) : answers.latent.x0;
    const at::Tensor all_steps = repeated(steps);
    const at::Tensor x = q_sample(diffusion.schedule(), latents, repeated(batch.z_y), all_steps, repeated(noise));
    return {teacher_->unet()->encoder_features(diffusion.scale_input(x, all_steps), all_steps, repeated(batch.lq)),
            steps};
  }

 private:
  const std::string noise_;
  const LossDraws draws_;
  const std::shared_ptr<SuperResolutionModel> teacher_;
  LatentDiscriminator network_;
};

/// The same of a flow map's second stage: heads on the frozen first stage's features of latents that are put back on
/// the bridge, at a time that is drawn from a few (docs/method.md, FlowMapSR-style).
class BridgeCritic final : public Critic {
 public:
  explicit BridgeCritic(const SuperResolutionParts& parts)
      : settings_(parts.flowmap),
        draws_(parts.draws),
        frozen_(parts.teacher),
        network_(parts.distill.discriminator.network, parts.teacher->settings().unet.feature_channels(),
                 parts.teacher->settings().unet.model_channels) {
    network_->to(parts.network->unet()->parameters().front().device());
    for (at::Tensor& parameter : frozen_->unet()->parameters()) {
      parameter.requires_grad_(false);  // gradients pass through its features to the student
    }
  }

  DiscriminatorImpl& network() override { return *network_; }

  Shown shown(const DistillAnswers& answers, bool truth_too) const override {
    const Batch& batch = answers.batch;
    const ModelSettings& model = frozen_->settings();
    const auto repeated = [truth_too](const at::Tensor& of) { return truth_too ? at::cat({of, of}) : of; };
    const at::Tensor index = draws_.steps(batch, kDraws, static_cast<std::int64_t>(settings_.critic_times.size()));
    const at::Tensor times =
        torch::tensor(settings_.critic_times, batch.z_y.options().dtype(at::kFloat)).index_select(0, index);
    const at::Tensor noise = draws_.noise(batch, kDraws, batch.z_y.sizes().slice(1), "normal");
    const at::Tensor latents = truth_too ? at::cat({batch.z_0, answers.latent.x0}) : answers.latent.x0;
    const at::Tensor x = interpolant(repeated(batch.z_y), latents, repeated(times), repeated(noise), settings_.sigma);
    const at::Tensor place = model.flow_map.time_scale * repeated(times);
    return {frozen_->unet()->encoder_features(
                x, FlowMapPlace{place, at::zeros_like(place), at::full_like(place, kPositivePrompt, at::kLong)},
                repeated(flow_condition(model, batch.lq, batch.z_y))),
            model.flow_map.time_scale * times};
  }

 private:
  const FlowMapTrainSettings settings_;
  const LossDraws draws_;
  const std::shared_ptr<SuperResolutionModel> frozen_;  ///< the first stage
  LatentDiscriminator network_;
};

/// Real-ESRGAN's: the pictures themselves.
class ImageCritic final : public Critic {
 public:
  explicit ImageCritic(const SuperResolutionParts& parts) : network_(parts.distill.discriminator.network.channels) {
    use_channels_last(*network_);
    network_->to(parts.network->unet()->parameters().front().device());
  }

  DiscriminatorImpl& network() override { return *network_; }

  Shown shown(const DistillAnswers& answers, bool truth_too) const override {
    return {{truth_too ? at::cat({answers.truth(), answers.image()}) : answers.image()}, {}};
  }

 private:
  UNetDiscriminator network_;
};

}  // namespace

std::unique_ptr<Critic> make_critic(const SuperResolutionParts& parts) {
  if (parts.distill.lambda_adversarial == 0) {
    return nullptr;
  }
  torch::manual_seed(derive_seed(parts.train.seed, "discriminator.weights"));
  if (!parts.distill.discriminator.network.sees_features()) {
    return std::make_unique<ImageCritic>(parts);
  }
  TORCH_CHECK(parts.teacher, "the discriminator needs the teacher's features");
  if (parts.network->settings().unet.flow_map) {
    return std::make_unique<BridgeCritic>(parts);
  }
  return std::make_unique<LatentCritic>(parts);
}

void load_first_weights(DiscriminatorImpl& network, const DiscriminatorSettings& settings, Log& log) {
  if (settings.init == "random") {
    return;
  }
  const std::filesystem::path weights = find_weights(settings.init, log);
  load_weights(network, read_weights(weights), weights.string());
  log.info("first weights of the discriminator {}", weights.string());
}

void check_critic(const SuperResolutionParts& parts, std::int64_t height, std::int64_t width) {
  if (parts.distill.lambda_adversarial == 0) {
    return;
  }
  const DiscriminatorNetworkSettings& settings = parts.distill.discriminator.network;
  if (settings.sees_features()) {
    const UNetSettings& teacher = parts.teacher->settings().unet;
    const auto latent = parts.network->latent_shape(height, width);
    const std::int64_t fold = std::int64_t{1} << (teacher.levels() - 1);
    settings.check_features(teacher.feature_channels(), (latent[1] / fold) * (latent[2] / fold));
    return;
  }
  const std::int64_t scale = parts.network->settings().scale;
  check_image_critic(height * scale, width * scale);
}

void check_image_critic(std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kMultiple = UNetDiscriminatorImpl::kSizeMultiple;
  if (height % kMultiple != 0 || width % kMultiple != 0) {
    throw UserError(
        "HR images of {}×{} pixels do not suit discriminator.sees=image; each side must be a multiple of {}", width,
        height, kMultiple);
  }
}

RecipeLosses discriminator_losses(const std::string& form, const at::Tensor& real_logits,
                                  const at::Tensor& made_logits) {
  RecipeLosses losses;
  losses.add(form, 1, discriminator_loss(form, real_logits, made_logits));
  losses.add("accuracy", 0, discriminator_accuracy(real_logits, made_logits));
  losses.add("real", 0, real_logits.detach().mean(1));
  losses.add("fake", 0, made_logits.detach().mean(1));
  return losses;
}

}  // namespace samsr
