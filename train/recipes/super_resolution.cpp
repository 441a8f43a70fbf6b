#include "train/recipes/super_resolution.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/memory.h"
#include "core/rng.h"
#include "data/shards/shard.h"
#include "diffusion/noise.h"
#include "eval/metrics/choose_metrics.h"
#include "models/cuda/graphed_denoiser.h"
#include "models/lora/adapters.h"
#include "models/super_resolution/adapted_model.h"
#include "models/unet/flow_map_weights.h"
#include "models/unet/noise_channels.h"
#include "models/weights/adapter_names.h"
#include "models/weights/find_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"
#include "train/recipes/noise.h"
#include "train/recipes/stored_coverage.h"
#include "train/recipes/stored_latents.h"
#include "train/recipes/teacher.h"
#include "train/validation/picture_validation.h"

namespace samsr {
namespace {

double bytes_of(const std::vector<at::Tensor>& tensors) {
  double bytes = 0;
  for (const at::Tensor& tensor : tensors) {
    bytes += static_cast<double>(tensor.nbytes());
  }
  return bytes;
}

/// UserError where settings ask for what `method` has not, or the diffusion has too few steps for.
void check_choices(const Method& method, const TrainConfig& config) {
  const DistillSettings& distill = config.distill;
  const SamSettings& sam = config.model.sam;
  if (sam.mask_noise != "auto" && !method.either_noise) {
    throw UserError(
        "samsr.mask_noise is {}, but train.recipe={} has {} noise by its method; leave it at auto, or choose a recipe "
        "that has either: tadsr, vpdsr",
        sam.mask_noise, method.name, method.mask_noise ? "shaped" : "plain");
  }
  if (method.distils && distill.lambda_hsd > 0 && distill.hsd.steps > config.model.diffusion.steps) {
    throw UserError("hsd.steps is {}, more than the {} of the diffusion (diffusion.steps)", distill.hsd.steps,
                    config.model.diffusion.steps);
  }
}

/// UserError unless the network works on the images and latents of the shards.
void check_stored_sizes(const SampleSet& shards, const ModelSettings& model) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> latents;
  for (const char* name : {"z_hr", "z_lr"}) {
    if (const ShardField* field = shards.find(name)) {
      latents.emplace_back(name, field->shape);
    }
  }
  const auto [height, width] = lr_sides(shards, model.scale);
  model.check_stored(fmt::format("{}: the network of the settings", shards.source()), height, width, latents);
}

}  // namespace

NoiseSource seeded_noise(std::uint64_t seed) {
  return [seed](const Batch& batch, at::IntArrayRef shape) {
    if (batch.noise.defined()) {
      TORCH_CHECK(batch.noise.sizes().slice(1) == shape, "noise of another shape than the latents");
      return batch.noise;
    }
    const at::Device device = batch.lq.device();
    return batch.noise_seed.empty() ? noise_at(seed, batch.position, shape, device)
                                    : noise_of(batch.noise_seed, shape, device);
  };
}

LossDraws seeded_draws(std::uint64_t seed) {
  LossDraws draws;
  draws.steps = [seed](const Batch& batch, std::string_view purpose, std::int64_t steps) {
    return steps_at(seed, purpose, batch.position, steps, batch.lq.device());
  };
  draws.noise = [seed](const Batch& batch, std::string_view purpose, at::IntArrayRef shape,
                       const std::string& distribution) {
    const std::uint64_t own = derive_seed(seed, purpose);
    return distribution == "uniform" ? uniform_at(own, batch.position, shape, batch.lq.device())
                                     : noise_at(own, batch.position, shape, batch.lq.device());
  };
  return draws;
}

std::array<std::int64_t, 2> lr_sides(const SampleSet& shards, std::int64_t scale) {
  const ShardField* hr = shards.scales().size() > 1 ? shards.find("hr") : nullptr;
  if (hr != nullptr) {
    return {hr->shape[0] / scale, hr->shape[1] / scale};
  }
  const std::vector<std::int64_t>& lr = shards.find("lr")->shape;
  return {lr[0], lr[1]};
}

std::int64_t hr_side(const RecipeContext& context) {
  const std::int64_t scale = context.config.model.scale;
  const auto [height, width] = lr_sides(context.shards, scale);
  return scale * std::min(height, width);
}

SuperResolutionParts make_parts(const Method& method, const RecipeContext& context) {
  const TrainConfig& config = context.config;
  const TrainSettings& train = config.train;
  const bool cached = method.distils && train.teacher == "cached";
  check_stored_latents(context.shards, config.model.first_stage);
  check_choices(method, config);
  if (config.model.unet.noise_channels > 0 && method.name != "rsd") {
    throw UserError("unet.noise_channels is {}: train.recipe={} gives its network no noise but in x; leave it at 0",
                    config.model.unet.noise_channels, train.recipe);
  }
  if (config.model.unet.flow_map != method.flow_map) {
    throw UserError("unet.flow_map is {}, but train.recipe={} trains {}; set unet.flow_map={}",
                    config.model.unet.flow_map, train.recipe,
                    method.flow_map ? "a network that embeds intervals and prompts" : "one without intervals",
                    method.flow_map);
  }
  if (cached && config.loader.online()) {
    throw UserError(
        "train.teacher=cached, data.degrade=online: cached rollouts belong to stored pairs, not to those that are "
        "degraded while training; set train.teacher=online, or data.degrade=cached");
  }
  check_stored_sizes(context.shards, config.model);
  if (cached) {
    check_cached_rollouts(context.shards, method, config.model);
  }
  if (masks_shape_noise(method, config.model.sam)) {
    check_stored_coverage(context.shards, config.masks, config.model.sam);
  }
  SuperResolutionParts parts{.train = train, .distill = config.distill, .noise = seeded_noise(train.seed)};
  if (method.distils) {  // before the networks: what is missing is said at once
    const DistillSettings& weights = config.distill;
    parts.hfp = config.hfp;
    parts.flowmap = config.flowmap;
    parts.ess = make_ess_loss(weights.lambda_ess, config.ess, config.weights, context.device, context.log);
    parts.lpips = read_lpips_loss({.trunk = lpips_trunk_of(weights.lpips_net),
                                   .weight = weights.lambda_lpips,
                                   .setting = "distill.lambda_lpips",
                                   .side = hr_side(context),
                                   .cut = false},
                                  config.weights, context.device, context.log);
    parts.perceptual = make_perceptual_loss(weights.lambda_perceptual, "distill.lambda_perceptual", config.perceptual,
                                            config.weights, context.device, context.log);
    if (weights.lambda_hfp != 0) {
      const auto [height, width] = lr_sides(context.shards, config.model.scale);
      config.hfp.check_sides(config.model.scale * height, config.model.scale * width);
    }
  }
  const std::shared_ptr<FirstStage> first_stage = make_first_stage(config.model.first_stage);
  const std::uint64_t seed = derive_seed(train.seed, "weights");
  parts.network = std::make_shared<SuperResolutionModel>(config.model, seed, first_stage);
  parts.average = std::make_shared<LoadedModel>(
      LoadedModel{std::make_unique<SuperResolutionModel>(config.model, seed, first_stage), &method});
  parts.network->to(context.device);
  parts.average->model->to(context.device);
  add_adapters(parts);
  if (train.checkpoint_activations) {
    parts.network->unet()->recompute_activations(true);
    return_freed_memory_at_once();
  }
  if (method.distils && (!cached || config.distill.needs_teacher_network())) {
    parts.teacher = load_teacher(train, method, config.model, context.device, context.log);
    if (cached) {
      check_cached_teacher(context.shards, state_of(*parts.teacher->unet()), train.teacher_weights);
    }
  }
  if (method.distils && !method.flow_map) {
    parts.semantic =
        make_semantic_loss(config.semantic, train, method, *parts.network, context.device, config.masks, context.log);
  }
  parts.timer = context.timer;
  parts.shards = &context.shards;
  return parts;
}

void add_adapters(SuperResolutionParts& parts) {
  const LoraSettings& lora = parts.train.lora;
  if (!lora.on()) {
    return;
  }
  const std::uint64_t seed = derive_seed(parts.train.seed, "lora");
  add_adapters(*parts.network->unet(), lora, seed);
  if (parts.average) {
    add_adapters(*parts.average->model->unet(), lora, seed);
    share_frozen_weights(*parts.network->unet(), *parts.average->model->unet());
  }
}

Denoiser training_denoiser(const SuperResolutionParts& parts, const UNetSwin& unet) {
  const bool the_same_every_time = !parts.train.checkpoint_activations && unet->settings().dropout == 0;
  Denoiser denoiser = denoiser_of(unet);
  std::vector<at::Tensor> parameters = unet->parameters();
  if (parts.train.lora.on() && unet.ptr() == parts.network->unet().ptr()) {
    std::erase_if(parameters, [](const at::Tensor& each) { return !each.requires_grad(); });
  }
  return parts.train.graphs && the_same_every_time ? graphed(std::move(denoiser), std::move(parameters)) : denoiser;
}

Denoiser training_denoiser(const SuperResolutionParts& parts, SuperResolutionModel& model) {
  return training_denoiser(parts, model.unet());
}

SuperResolutionRecipe::SuperResolutionRecipe(SuperResolutionParts parts) : parts_(std::move(parts)) {
  trainables_ = {{"student", parts_.network->unet().get(),
                  parts_.average ? parts_.average->model->unet().get() : nullptr, parts_.train.optimizer}};
}

bool SuperResolutionRecipe::encodes_latents() const {
  return parts_.shards != nullptr && parts_.shards->find("z_hr") == nullptr;
}

BatchFields SuperResolutionRecipe::fields() const {
  // Only masks that shape the noise are looked at.
  const bool masks = !parts_.average || masks_shape_noise(*parts_.average->method, parts_.network->settings().sam);
  return {.latents = !encodes_latents(), .hr = encodes_latents(), .coverage = masks};
}

void SuperResolutionRecipe::prepare(Batch& batch) const {
  const std::int64_t scale = parts_.network->settings().scale;
  const auto encoded = batch.enlarged.defined() ? parts_.network->latent_shape(batch.enlarged.size(2) / scale,
                                                                               batch.enlarged.size(3) / scale)
                                                : parts_.network->latent_shape(batch.lq.size(2), batch.lq.size(3));
  const at::IntArrayRef shape = batch.z_0.defined() ? batch.z_0.sizes().slice(1) : at::IntArrayRef(encoded);
  batch.noise = parts_.noise(batch, shape);
}

void SuperResolutionRecipe::complete(Batch& batch) const {
  if (!batch.z_0.defined()) {
    const torch::NoGradGuard no_grad;
    batch.z_0 = parts_.network->first_stage().encode(batch.hr);
    batch.z_y = batch.enlarged.defined()
                    ? parts_.network->first_stage().encode(batch.enlarged)
                    : parts_.network->first_stage().encode_lq(batch.lq, parts_.network->settings().scale);
  }
}

void SuperResolutionRecipe::skip_frozen_work(Batch& sample) const {
  if (parts_.teacher) {
    sample.x0 = sample.z_0.clone();
    sample.noise_seed.assign(sample.position.size(), 0);
  }
}

bool SuperResolutionRecipe::uses_cached_rollouts() const {
  return parts_.average && parts_.average->method->distils && parts_.train.teacher == "cached";
}

void SuperResolutionRecipe::load_frozen_weights(Log& log) {
  const TrainSettings& train = parts_.train;
  if (!train.lora.on()) {
    return;
  }
  load_network(log);
  const std::string& given = train.init == "auto" ? train.teacher_weights : train.init;
  base_.path = given.empty() ? given : std::filesystem::absolute(find_weights(given, log)).string();
  base_.checksum = base_checksum(state_of(*parts_.network->unet()));
}

void SuperResolutionRecipe::load_first_weights(Log& log) {
  const TrainSettings& train = parts_.train;
  if (!train.lora.on()) {
    load_network(log);
  } else if (!train.lora.init.empty()) {
    const std::filesystem::path weights = find_weights(train.lora.init, log);
    TensorFile file = read_weights(weights);
    check_part(0, file, weights.string());
    load_parameters(trained_parameters(*parts_.network->unet()), file, weights.string());
    log.info("first adapters {}", weights.string());
  }
}

void SuperResolutionRecipe::load_network(Log& log) {
  torch::nn::Module& student = *parts_.network->unet();
  const UNetSettings& unet = parts_.network->settings().unet;
  const TrainSettings& train = parts_.train;
  const bool from_teacher = train.init == "auto" && (parts_.teacher || uses_cached_rollouts());
  if (from_teacher && parts_.teacher) {
    load_weights(student, with_noise_channels(state_of(*parts_.teacher->unet()), unet),
                 "the teacher " + train.teacher_weights);
  } else if (from_teacher) {
    const std::filesystem::path weights = find_weights(
        required(train.teacher_weights, "train.teacher_weights", "the student starts from its teacher (train.init)"),
        log);
    load_weights(student, read_whole_model(weights), weights.string());
    TensorFile of_teacher = state_of(student);
    std::erase_if(of_teacher.tensors, [](const auto& named) { return is_adapter_weight(named.first); });
    check_cached_teacher(*parts_.shards, of_teacher, weights.string());
    log.info("first weights {}, the teacher whose rollouts the shards hold", weights.string());
  } else if (train.init != "auto" && train.init != "random") {
    const std::filesystem::path weights = find_weights(train.init, log);
    load_weights(student, with_flow_map_embeddings(with_noise_channels(read_whole_model(weights), unet), unet),
                 weights.string());
    log.info("first weights {}", weights.string());
  } else if (train.lora.on()) {
    throw UserError(
        "train.lora.rank is {}, but the network would begin with fresh weights, of which adapters make no use; name "
        "trained ones (train.init=PATH)",
        train.lora.rank);
  }
}

TensorFile SuperResolutionRecipe::file(std::size_t, TensorFile weights) const {
  TensorFile model =
      model_file(parts_.network->settings(), std::string(parts_.average->method->kind), std::move(weights));
  return parts_.train.lora.on() ? adapter_file(std::move(model), parts_.train.lora, base_) : model;
}

void SuperResolutionRecipe::check_part(std::size_t trainable, const TensorFile& part, const std::string& source) const {
  if (trainable == 0 && parts_.train.lora.on()) {
    check_base(read_adapters(part, source), base_.checksum, base_.path);
  }
}

at::Tensor SuperResolutionRecipe::picture_noise(const Batch& batch) const {
  std::vector<std::uint64_t> seeds;
  for (const std::uint64_t sample : batch.sample) {
    seeds.push_back(noise_seed(parts_.train.seed, sample));
  }
  return noise_of(seeds, parts_.network->noise_shape(batch.lq.size(2), batch.lq.size(3)), batch.lq.device());
}

std::unique_ptr<Validation> SuperResolutionRecipe::make_validation(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  const OfficialFiles files(config.weights);
  const auto model = [&] {
    const auto upscaler = std::make_shared<const Upscaler>(*parts_.average, config.upscale, config.masks);
    return PictureModel{upscaler->scale(), [upscaler](const cv::Mat& rgb) { return upscaler->upscale(rgb); }};
  };
  return make_picture_validation(config.validation, model, {.device = context.device, .files = &files},
                                 config.train.out, context.communicator, context.log);
}

std::vector<std::pair<std::string, std::string>> SuperResolutionRecipe::facts() const {
  std::vector<std::pair<std::string, std::string>> facts{{"first stage", parts_.network->settings().first_stage.type}};
  if (uses_cached_rollouts()) {
    const ShardField& rollouts = *parts_.shards->find("rollout/x0");
    const std::int64_t count = rollouts.shape[0];
    const double each = static_cast<double>(parts_.shards->size()) * static_cast<double>(rollouts.bytes) /
                        static_cast<double>(count) / 1e6;
    facts.emplace_back(
        "teacher",
        fmt::format(
            "{}: {} rollout{} of each sample in the shards (rollout.count), so {}; one more would "
            "take {:.1f} MB and the teacher's time for {} samples",
            parts_.teacher ? parts_.train.teacher_weights : std::string("none in memory"), count, count == 1 ? "" : "s",
            count == 1 ? "every epoch starts from the same noise" : fmt::format("noise repeats after {} epochs", count),
            each, parts_.shards->size()));
  } else if (parts_.teacher) {
    facts.emplace_back("teacher", parts_.train.teacher_weights);
  }
  if (const LoraSettings& lora = parts_.train.lora; lora.on()) {
    facts.emplace_back(
        "adapters",
        fmt::format("rank {}, α {} beside {} layers ({}); the rest stays as in {}", lora.rank, lora.scaled_by(),
                    trained_parameters(*parts_.network->unet()).size() / 2, fmt::join(lora.targets, ", "), base_.path));
  }
  return facts;
}

std::vector<std::pair<std::string, double>> SuperResolutionRecipe::frozen_bytes() const {
  double frozen = 0;
  for (const auto& parameter : parts_.network->unet()->named_parameters()) {
    frozen += parts_.train.lora.on() && !is_adapter_weight(parameter.key())
                  ? static_cast<double>(parameter.value().nbytes())
                  : 0;
  }
  return {{"frozen weights", frozen},
          {"teacher", parts_.teacher ? bytes_of(parts_.teacher->unet()->parameters()) : 0},
          {"first stage", static_cast<double>(parts_.network->first_stage().weight_bytes())},
          {"LPIPS", parts_.lpips ? static_cast<double>(parts_.lpips->weight_bytes()) : 0},
          {"CLIP", parts_.ess ? static_cast<double>(parts_.ess->weight_bytes()) : 0},
          {"perceptual", parts_.perceptual ? static_cast<double>(parts_.perceptual->weight_bytes()) : 0}};
}

}  // namespace samsr
