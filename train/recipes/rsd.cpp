// RSD (docs/method.md, RSD; arXiv 2503.13358): a one-step student whose answers, made noisy again, the teacher restores
// as a fake network does that is trained on those answers alone. No rollout of the teacher.

#include "train/recipes/rsd.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <array>

#include "core/error.h"
#include "core/rng.h"
#include "diffusion/resshift.h"
#include "models/layers/channels_last.h"
#include "models/layers/module_names.h"
#include "models/unet/classifier_head.h"
#include "models/weights/load_weights.h"
#include "train/losses/adversarial.h"
#include "train/losses/rsd_loss.h"
#include "train/recipes/decoding.h"
#include "train/recipes/noise.h"
#include "train/recipes/teacher.h"

namespace samsr {
namespace {

/// The noise of a batch, all of it standard normal.
struct RsdNoise {
  at::Tensor node;      ///< (B,C,h,w) of z_n
  at::Tensor channels;  ///< (B,K,h,w) what the student's noise channels see with it
  at::Tensor again;     ///< (B,C,h,w) that the student's answer is made noisy with
  at::Tensor start;     ///< (B,C,h,w) of x_T
  at::Tensor at_start;  ///< (B,K,h,w) what the noise channels see with x_T
};

/// The student's answers, with their graph.
struct RsdAnswers {
  at::Tensor node;   ///< ẑ = G(s(z_n), i_n, lq, ε)
  at::Tensor start;  ///< G(s(x_T), T-1, lq, ε'); undefined where no loss looks at it
};

class RsdRecipe final : public SuperResolutionRecipe {
 public:
  static constexpr std::size_t kStudent = 0;  ///< its index in trainables()
  static constexpr std::size_t kFake = 1;

  RsdRecipe(SuperResolutionParts parts, const RsdSettings& settings);

  std::vector<Move> moves(std::int64_t step) const override;
  RecipeLosses losses(const Batch& batch, const Move& move) override {
    return move.trainable == kFake ? fake_losses(batch) : student_losses(batch);
  }
  BatchFields fields() const override;
  void prepare(Batch& batch) const override;
  /// There is none but passes of whole networks, which are cheap beside a step.
  void skip_frozen_work(Batch&) const override {}
  void load_first_weights(Log& log) override;
  TensorFile file(std::size_t trainable, TensorFile weights) const override {
    return trainable == kStudent ? SuperResolutionRecipe::file(trainable, std::move(weights)) : weights;
  }
  at::Tensor predict(const Batch& batch) const override {
    return parts_.network->one_step(batch.lq, picture_noise(batch));
  }
  std::vector<std::pair<std::string, std::string>> facts() const override;

 private:
  void make_head();
  /// A loss looks at the answer at the last step, decoded.
  bool compares_images() const { return parts_.lpips || parts_.perceptual; }
  RecipeLosses fake_losses(const Batch& batch);
  RecipeLosses student_losses(const Batch& batch);

  std::int64_t noise_channels() const { return parts_.network->settings().unet.noise_channels; }
  std::array<std::int64_t, 5> channels_of_noise() const;
  RsdNoise noise_of_batch(const Batch& batch) const;
  RsdAnswers answers(const Batch& batch, const RsdNoise& noise, bool at_start) const;
  /// Steps i that the answers are made noisy to: (B) int64.
  at::Tensor noisy_steps(const Batch& batch) const;
  /// D of latents (B,C,h,w): (B).
  at::Tensor logits(const at::Tensor& latents, const at::Tensor& lq);

  const RsdSettings settings_;
  const Diffusion& diffusion_;  ///< of teacher and fake network
  const std::vector<std::int64_t> nodes_;
  const at::Tensor node_steps_;  ///< nodes_ as (N) int64 on the device
  UNetSwin fake_;
  ClassifierHead head_{nullptr};                ///< empty without an adversarial term
  std::shared_ptr<torch::nn::Module> trained_;  ///< fake network and head, which one optimizer updates
  const Denoiser student_denoiser_;
  const Denoiser teacher_denoiser_;
  const Denoiser fake_denoiser_;
};

/// A second copy of the teacher's network, where that lies, with fresh weights.
UNetSwin make_fake(const SuperResolutionParts& parts) {
  torch::manual_seed(derive_seed(parts.train.seed, "rsd.fake"));
  UNetSwin fake(parts.teacher->settings().unet);
  use_channels_last(*fake);
  fake->recompute_activations(parts.train.checkpoint_activations);
  fake->to(parts.teacher->unet()->parameters().front().device());
  return fake;
}

RsdRecipe::RsdRecipe(SuperResolutionParts parts, const RsdSettings& settings)
    : SuperResolutionRecipe(std::move(parts)),
      settings_(settings),
      diffusion_(parts_.teacher->diffusion()),
      nodes_(settings.nodes_of(parts_.network->diffusion().schedule())),
      node_steps_(torch::tensor(nodes_).to(parts_.network->unet()->parameters().front().device())),
      fake_(make_fake(parts_)),
      student_denoiser_(training_denoiser(parts_, *parts_.network)),
      teacher_denoiser_(denoiser_of(parts_.teacher->unet())),
      fake_denoiser_(training_denoiser(parts_, fake_)) {
  // Gradients pass through the teacher to the student's answer, and stop at its weights.
  for (const at::Tensor& parameter : parts_.teacher->unet()->parameters()) {
    parameter.requires_grad_(false);
  }
  parts_.teacher->unet()->recompute_activations(parts_.train.checkpoint_activations);
  if (settings_.lambda_gan > 0) {
    make_head();
    trained_ = named_slots({{"fake", fake_.ptr()}, {"head", head_.ptr()}});
  } else {
    trained_ = named_slots({{"fake", fake_.ptr()}});
  }
  add_trainable({"fake", trained_.get(), /*average=*/nullptr, settings_.fake});
}

void RsdRecipe::make_head() {
  const UNetSettings& unet = fake_->settings();
  const std::int64_t coarsest = unet.levels() - 1;
  const std::int64_t channels = unet.channels(coarsest);
  const std::int64_t side = unet.resolution(coarsest);
  if (side < 2 * settings_.head_kernel) {
    throw UserError(
        "rsd.head_kernel is {}, but the fake network's coarsest maps have {}×{} pixels, less than twice that; lower it "
        "or set rsd.lambda_gan=0",
        settings_.head_kernel, side, side);
  }
  if (channels % settings_.head_groups != 0) {
    throw UserError("rsd.head_groups is {}, which does not divide the {} channels of the fake network's coarsest maps",
                    settings_.head_groups, channels);
  }
  if (settings_.gan_step > diffusion_.schedule().last()) {
    throw UserError("rsd.gan_step is {}, but the schedule's last step is {}", settings_.gan_step,
                    diffusion_.schedule().last());
  }
  torch::manual_seed(derive_seed(parts_.train.seed, "rsd.head"));
  head_ = ClassifierHead(ClassifierHeadImpl::Options{channels, settings_.head_kernel, settings_.head_groups});
  head_->to(node_steps_.device());
}

std::vector<Move> RsdRecipe::moves(std::int64_t) const {
  std::vector<Move> moves(static_cast<std::size_t>(settings_.fake_steps), {.trainable = kFake, .fresh_batch = true});
  moves.push_back({.trainable = kStudent, .fresh_batch = true});
  return moves;
}

BatchFields RsdRecipe::fields() const {
  BatchFields fields = SuperResolutionRecipe::fields();
  fields.hr = fields.hr || compares_images();
  return fields;
}

void RsdRecipe::load_first_weights(Log& log) {
  SuperResolutionRecipe::load_first_weights(log);
  load_weights(*fake_, state_of(*parts_.teacher->unet()), "the teacher " + parts_.train.teacher_weights);
}

std::vector<std::pair<std::string, std::string>> RsdRecipe::facts() const {
  auto facts = SuperResolutionRecipe::facts();
  facts.emplace_back(
      "moves", fmt::format("{} of the fake network, then one of the student, a batch each", settings_.fake_steps));
  facts.emplace_back("student", fmt::format("answers at steps {} with {} noise channels; used at {}",
                                            fmt::join(nodes_, ", "), noise_channels(), nodes_.back()));
  return facts;
}

std::array<std::int64_t, 5> RsdRecipe::channels_of_noise() const {
  const std::int64_t latent = parts_.network->first_stage().channels();
  return {latent, noise_channels(), latent, latent, noise_channels()};
}

void RsdRecipe::prepare(Batch& batch) const {
  auto [channels, height, width] = parts_.network->latent_shape(batch.lq.size(2), batch.lq.size(3));
  channels = 0;
  for (const std::int64_t each : channels_of_noise()) {
    channels += each;
  }
  batch.noise = parts_.noise(batch, {channels, height, width});
}

RsdNoise RsdRecipe::noise_of_batch(const Batch& batch) const {
  Batch drawn = batch;
  prepare(drawn);
  const auto parts = drawn.noise.split_with_sizes(channels_of_noise(), 1);
  return {parts[0], parts[1], parts[2], parts[3], parts[4]};
}

at::Tensor RsdRecipe::noisy_steps(const Batch& batch) const {
  return steps_at(parts_.train.seed, "rsd.step", batch.position, diffusion_.schedule().steps(), batch.z_0.device());
}

RsdAnswers RsdRecipe::answers(const Batch& batch, const RsdNoise& noise, bool at_start) const {
  const Diffusion& diffusion = parts_.network->diffusion();
  const std::int64_t count = batch.z_0.size(0);
  const at::Tensor drawn = steps_at(parts_.train.seed, "rsd.node", batch.position,
                                    static_cast<std::int64_t>(nodes_.size()), batch.z_0.device());
  const at::Tensor steps = node_steps_.index_select(0, drawn);
  const at::Tensor z_n = q_sample(diffusion.schedule(), batch.z_0, batch.z_y, steps, noise.node);
  const auto ask = [&](const at::Tensor& x, const at::Tensor& at_steps, const at::Tensor& channels,
                       std::int64_t times) {
    return diffusion.predict(with_noise(student_denoiser_, channels), diffusion.scale_input(x, at_steps), at_steps,
                             batch.z_y.repeat({times, 1, 1, 1}), batch.lq.repeat({times, 1, 1, 1}));
  };
  if (!at_start) {
    return {ask(z_n, steps, noise.channels, 1), {}};
  }
  const at::Tensor x_T = Process(diffusion.schedule()).prior(batch.z_y, noise.start);
  const at::Tensor last_steps = steps_of(diffusion.schedule().last(), count, x_T.device());
  if (parts_.train.checkpoint_activations) {
    return {ask(z_n, steps, noise.channels, 1), ask(x_T, last_steps, noise.at_start, 1)};
  }
  const auto both =
      ask(at::cat({z_n, x_T}), at::cat({steps, last_steps}), at::cat({noise.channels, noise.at_start}), 2).chunk(2);
  return {both[0], both[1]};
}

at::Tensor RsdRecipe::logits(const at::Tensor& latents, const at::Tensor& lq) {
  const at::Tensor steps = steps_of(settings_.gan_step, latents.size(0), latents.device());
  return head_->forward(fake_->middle(diffusion_.scale_input(latents, settings_.gan_step), steps, lq));
}

RecipeLosses RsdRecipe::fake_losses(const Batch& batch) {
  const RsdNoise noise = noise_of_batch(batch);
  at::Tensor made;
  {
    const torch::NoGradGuard no_grad;
    made = answers(batch, noise, /*at_start=*/false).node;
  }
  RecipeLosses losses;
  losses.predictions = {
      resshift_prediction(diffusion_, fake_denoiser_, made, batch.z_y, batch.lq, noisy_steps(batch), noise.again)};
  losses.add("mse", 1, resshift_loss(losses.predictions[0], made));
  if (head_) {
    const auto found = logits(at::cat({batch.z_0, made}), batch.lq.repeat({2, 1, 1, 1})).chunk(2);
    losses.predictions.insert(losses.predictions.end(), {found[0], found[1]});
    losses.add("gan", settings_.lambda_gan, softplus_adversarial(found[0], found[1]));
    losses.add("accuracy", 0, discriminator_accuracy(found[0], found[1]));
  }
  return losses;
}

RecipeLosses RsdRecipe::student_losses(const Batch& batch) {
  const RsdNoise noise = noise_of_batch(batch);
  const RsdAnswers student = answers(batch, noise, compares_images());
  const at::Tensor steps = noisy_steps(batch);
  const auto answer_of = [&](const Denoiser& denoiser) {
    return [this, &batch, &steps, &denoiser](const at::Tensor& noisy) {
      return diffusion_.predict(denoiser, diffusion_.scale_input(noisy, steps), steps, batch.z_y, batch.lq);
    };
  };
  RecipeLosses losses;
  losses.predictions = {student.node};
  losses.add(
      "distill", 1,
      rsd_loss(student.node, q_sample(diffusion_.schedule(), student.node, batch.z_y, steps, noise.again),
               answer_of(teacher_denoiser_), answer_of(fake_denoiser_),
               {.through_networks = settings_.gradient == "full", .normalised = settings_.normalisation == "sid"}));
  if (compares_images()) {
    losses.predictions.push_back(student.start);
    const at::Tensor image = decode_latents(parts_.network->first_stage(), student.start,
                                            {.recomputed = parts_.train.checkpoint_activations});
    if (parts_.lpips) {
      losses.add("lpips", parts_.lpips->weight(), parts_.lpips->of(image, batch.hr));
    }
    if (parts_.perceptual) {
      losses.add("perceptual", settings_.lambda_perceptual, parts_.perceptual->of(image, batch.hr));
    }
  }
  if (head_) {
    losses.add("gan", settings_.lambda_gan, softplus_adversarial(logits(student.node, batch.lq)));
  }
  return losses;
}

}  // namespace

std::unique_ptr<Recipe> make_rsd_recipe(SuperResolutionParts parts, const RsdSettings& settings) {
  TORCH_CHECK(parts.teacher, "RSD needs its teacher");
  return std::make_unique<RsdRecipe>(std::move(parts), settings);
}

std::unique_ptr<Recipe> make_rsd(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  if (config.train.teacher != "online") {
    throw UserError(
        "train.teacher is {}, but train.recipe=rsd asks the teacher itself and no rollout of it; set "
        "train.teacher=online",
        config.train.teacher);
  }
  // Before the networks: what is missing is said at once.
  const auto lpips = read_lpips_loss({.trunk = lpips_trunk_of(config.rsd.lpips_net),
                                      .weight = config.rsd.lambda_lpips,
                                      .setting = "rsd.lambda_lpips",
                                      .side = hr_side(context),
                                      .cut = false},
                                     config.weights, context.device, context.log);
  const auto perceptual = make_perceptual_loss(config.rsd.lambda_perceptual, "rsd.lambda_perceptual", config.perceptual,
                                               config.weights, context.device, context.log);
  const Method& method = method_named("rsd");
  SuperResolutionParts parts = make_parts(method, context);
  parts.teacher = load_teacher(config.train, method, config.model, context.device, context.log);
  parts.lpips = lpips;
  parts.perceptual = perceptual;
  return make_rsd_recipe(std::move(parts), config.rsd);
}

}  // namespace samsr
