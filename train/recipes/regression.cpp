#include "train/recipes/regression.h"

#include <torch/torch.h>

#include <map>

#include "core/error.h"
#include "core/rng.h"
#include "core/setting_lines.h"
#include "data/shards/content.h"
#include "data/shards/shard.h"
#include "eval/upscale/peer_upscaler.h"
#include "models/discriminators/unet_discriminator.h"
#include "models/layers/channels_last.h"
#include "models/peers/peer_model.h"
#include "models/peers/rrdbnet.h"
#include "models/weights/find_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"
#include "train/losses/adversarial.h"
#include "train/losses/image_losses.h"
#include "train/recipes/critic.h"
#include "train/validation/picture_validation.h"

namespace samsr {
namespace {

constexpr std::size_t kNetwork = 0;
constexpr std::size_t kDiscriminator = 1;

at::Tensor to_unit(const at::Tensor& images) { return (images + 1) / 2; }

class RegressionRecipe final : public Recipe {
 public:
  explicit RegressionRecipe(RegressionParts parts) : parts_(std::move(parts)) {
    trainables_ = {{"student", parts_.network.module.get(), parts_.average.module.get(), parts_.train.optimizer}};
    if (parts_.critic) {
      trainables_.push_back(
          {"discriminator", parts_.critic.get(), /*average=*/nullptr, parts_.discriminator.optimizer});
    }
  }

  const std::vector<Trainable>& trainables() const override { return trainables_; }

  std::vector<Move> moves(std::int64_t step) const override {
    if (!parts_.critic) {
      return Recipe::moves(step);
    }
    return {{.trainable = kNetwork, .fresh_batch = true}, {.trainable = kDiscriminator, .fresh_batch = false}};
  }

  void begin(std::int64_t step, const Move& move) override {
    step_ = step;
    if (move.trainable == kNetwork) {
      made_.clear();
      of_network_ = parts_.critic && adversarial_acts() ? parts_.critic->advance() : std::vector<SpectralVectors>();
    } else {
      of_real_ = parts_.critic->advance();
      of_made_ = parts_.critic->advance();
    }
  }

  RecipeLosses losses(const Batch& batch, const Move& move) override {
    return move.trainable == kNetwork ? network_losses(batch) : critic_losses(batch);
  }

  BatchFields fields() const override { return {.latents = false, .hr = true, .coverage = false}; }

  void prepare(Batch& batch) const override {
    if (parts_.losses.usm.weight > 0) {
      batch.hr_sharp = sharpened_truth(batch.hr, parts_.losses.usm);
    }
  }

  void load_first_weights(Log& log) override {
    const std::string& init = parts_.train.init;
    if (init != "auto" && init != "random") {
      const std::filesystem::path weights = find_weights(init, log);
      load_weights(*parts_.network.module, with_basicsr_names(read_weights(weights)), weights.string());
      log.info("first weights {}", weights.string());
    }
    if (parts_.critic) {
      samsr::load_first_weights(*parts_.critic, parts_.discriminator, log);
    }
  }

  TensorFile file(std::size_t, TensorFile weights) const override { return weights; }

  at::Tensor predict(const Batch& batch) const override {
    const torch::NoGradGuard no_grad;
    return (prediction(batch) * 2 - 1).clamp(-1, 1);
  }

  std::unique_ptr<Validation> make_validation(const RecipeContext& context) override {
    const TrainConfig& config = context.config;
    const OfficialFiles files(config.weights);
    const auto model = [&] {
      const auto upscale = [this, settings = config.upscale, device = context.device](const cv::Mat& rgb) {
        const std::unique_ptr<PeerModel> average = averaged_model(device);
        return PeerUpscaler(*average, settings, kAverage).upscale(rgb);
      };
      const std::unique_ptr<PeerModel> average = averaged_model(context.device);
      return PictureModel{PeerUpscaler(*average, config.upscale, kAverage).scale(), upscale};
    };
    return make_picture_validation(config.validation, model, {.device = context.device, .files = &files},
                                   config.train.out, context.communicator, context.log);
  }

  std::vector<std::pair<std::string, std::string>> facts() const override {
    if (parts_.losses.usm.weight == 0) {
      return {};
    }
    return {{"truth", fmt::format("sharpened (regression.usm_weight={}){}", parts_.losses.usm.weight,
                                  parts_.critic ? ", but as it is for the discriminator" : "")}};
  }

  std::vector<std::pair<std::string, double>> frozen_bytes() const override {
    return {{"VGG-19", parts_.perceptual ? static_cast<double>(parts_.perceptual->weight_bytes()) : 0}};
  }

 private:
  static constexpr const char* kAverage = "the averaged weights";

  /// The averaged weights as they are, as upscaling reads them from a file.
  std::unique_ptr<PeerModel> averaged_model(c10::Device device) const {
    std::unique_ptr<PeerModel> model = load_peer({{state_of(*parts_.average.module), kAverage}}, {});
    model->to(device);
    return model;
  }

  bool adversarial_acts() const { return step_ == 0 || step_ >= parts_.discriminator.start; }

  at::Tensor prediction(const Batch& batch) const { return at_least_float(parts_.network.forward(to_unit(batch.lq))); }

  /// What pixels and features are compared with.
  at::Tensor compared_truth(const Batch& batch) const {
    if (parts_.losses.usm.weight == 0) {
      return to_unit(batch.hr);
    }
    return to_unit(batch.hr_sharp.defined() ? batch.hr_sharp : sharpened_truth(batch.hr, parts_.losses.usm));
  }

  RecipeLosses network_losses(const Batch& batch) {
    const RegressionSettings& weights = parts_.losses;
    const at::Tensor image = prediction(batch);
    RecipeLosses losses;
    losses.predictions = {image};
    const at::Tensor truth = compared_truth(batch);
    if (weights.lambda_l1 > 0) {
      losses.add("l1", weights.lambda_l1, absolute_loss(image, truth));
    }
    if (parts_.perceptual) {
      losses.add("perceptual", weights.lambda_perceptual, parts_.perceptual->of(image, truth));
    }
    if (parts_.critic && adversarial_acts()) {
      const at::Tensor logits = parts_.critic->forward({image}, {}, or_current(of_network_));
      losses.add("adversarial", weights.lambda_adversarial, adversarial_loss(parts_.discriminator.loss, logits));
    }
    if (parts_.critic) {
      made_[batch.position] = image.detach();
    }
    if (!losses.total.defined()) {
      throw UserError("no loss of the network acts before step {} (discriminator.start); give another one a weight",
                      parts_.discriminator.start);
    }
    return losses;
  }

  RecipeLosses critic_losses(const Batch& batch) {
    const at::Tensor real = parts_.critic->forward({to_unit(batch.hr)}, {}, or_current(of_real_));
    const at::Tensor made = parts_.critic->forward({made_of(batch)}, {}, or_current(of_made_));
    return discriminator_losses(parts_.discriminator.loss, real, made);
  }

  /// The prediction that the network was trained on in this step, which is taken out.
  at::Tensor made_of(const Batch& batch) {
    const auto found = made_.find(batch.position);
    if (found != made_.end()) {
      at::Tensor image = found->second;
      made_.erase(found);
      return image;
    }
    const torch::NoGradGuard no_grad;
    return prediction(batch);
  }

  std::vector<SpectralVectors> or_current(const std::vector<SpectralVectors>& vectors) const {
    return vectors.empty() ? parts_.critic->vectors() : vectors;
  }

  const RegressionParts parts_;
  std::vector<Trainable> trainables_;
  std::int64_t step_ = 0;                                  ///< of the last move that began; 0 for none
  std::map<std::vector<std::uint64_t>, at::Tensor> made_;  ///< by the positions of a pass
  // What each pass of a step divides by: all microbatches of a move the same.
  std::vector<SpectralVectors> of_network_;
  std::vector<SpectralVectors> of_real_;
  std::vector<SpectralVectors> of_made_;
};

/// UserError where settings and samples do not fit each other.
void check_choices(const TrainConfig& config, const SampleSet& samples) {
  const RegressionSettings& losses = config.regression;
  if (losses.lambda_l1 == 0 && losses.lambda_perceptual == 0 && losses.lambda_adversarial == 0) {
    throw UserError("all weights of losses are 0 (regression.lambda_*): the network would learn nothing");
  }
  if (config.train.checkpoint_activations) {
    throw UserError(
        "train.checkpoint_activations: train.recipe=regression keeps its activations; lower "
        "train.microbatch ({}) instead",
        config.train.microbatch);
  }
  const std::vector<std::int64_t>& lr = samples.find("lr")->shape;
  const std::int64_t scale = config.model.scale;
  if (losses.lambda_adversarial > 0) {
    if (config.distill.discriminator.network.sees_features()) {
      throw UserError(
          "regression.lambda_adversarial is {}: train.recipe=regression has no teacher whose features a "
          "discriminator could see; set discriminator.sees=image",
          losses.lambda_adversarial);
    }
    check_image_critic(lr[0] * scale, lr[1] * scale);
  }
  if (losses.lambda_perceptual > 0 && std::min(lr[0], lr[1]) * scale < VggFeatures::kSmallestSide) {
    throw UserError(
        "HR images of {}×{} pixels are too small for regression.lambda_perceptual; each side must be at "
        "least {}",
        lr[1] * scale, lr[0] * scale, VggFeatures::kSmallestSide);
  }
  const StageContents contents = split_content(samples.content());
  const auto pairs = contents.find("pairs");
  if (losses.usm.weight > 0 && pairs != contents.end() &&
      parse_setting_lines(pairs->second)["degradation.use_sharp"] == "true") {
    throw UserError(
        "{}: its HR images are sharpened already (degradation.use_sharp=true); set regression.usm_weight=0, "
        "or make the pairs with degradation.use_sharp=input, whose HR images are not",
        samples.source());
  }
}

void check_lr_sides(const RegressionNetwork& network, const SampleSet& samples) {
  const std::vector<std::int64_t>& lr = samples.find("lr")->shape;
  if (lr[0] % network.multiple != 0 || lr[1] % network.multiple != 0) {
    throw UserError("{}: LR images of {}×{} pixels; at this scale the network needs sides that are multiples of {}",
                    samples.source(), lr[1], lr[0], network.multiple);
  }
}

}  // namespace

std::unique_ptr<Recipe> make_regression_recipe(RegressionParts parts) {
  return std::make_unique<RegressionRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_regression(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  check_choices(config, context.shards);
  RegressionParts parts{
      .train = config.train, .losses = config.regression, .discriminator = config.distill.discriminator};
  // Before the networks: what is missing is said at once.
  parts.perceptual = make_vgg_loss(config.regression.lambda_perceptual, config.regression.layer_weights, config.weights,
                                   context.device, context.log);
  const std::uint64_t seed = derive_seed(config.train.seed, "weights");
  parts.network = make_regression_network(config.network, config.model.scale, seed);
  check_lr_sides(parts.network, context.shards);
  parts.average = make_regression_network(config.network, config.model.scale, seed);
  for (const RegressionNetwork* each : {&parts.network, &parts.average}) {
    each->module->to(context.device);
  }
  if (config.regression.lambda_adversarial > 0) {
    torch::manual_seed(derive_seed(config.train.seed, "discriminator.weights"));
    UNetDiscriminator critic(config.distill.discriminator.network.channels);
    use_channels_last(*critic);
    critic->to(context.device);
    parts.critic = critic.ptr();
  }
  return make_regression_recipe(std::move(parts));
}

}  // namespace samsr
