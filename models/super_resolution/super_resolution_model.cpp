#include "models/super_resolution/super_resolution_model.h"

#include <torch/torch.h>

#include <charconv>
#include <limits>

#include "core/error.h"
#include "core/rng.h"
#include "diffusion/distillation.h"
#include "diffusion/resshift.h"
#include "diffusion/rollout.h"
#include "models/layers/channels_last.h"
#include "models/super_resolution/adapted_model.h"
#include "models/super_resolution/flow_map_model.h"
#include "models/unet/flow_map_weights.h"
#include "models/unet/noise_channels.h"
#include "models/unet/unet_weight_count.h"
#include "models/weights/held_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

constexpr std::int64_t kLargestScale = 64;

UNetSwin make_unet(const ModelSettings& settings, std::uint64_t seed) {
  settings.check();
  torch::manual_seed(derive_seed(seed, "model.weights"));
  UNetSwin unet(settings.unet);
  use_channels_last(*unet);
  return unet;
}

/// Evaluation mode while alive, so that sampling in the middle of training drops nothing.
class EvaluationGuard {
 public:
  explicit EvaluationGuard(const UNetSwin& unet) : unet_(unet), training_(unet->is_training()) { unet_->eval(); }
  ~EvaluationGuard() { unet_->train(training_); }
  EvaluationGuard(const EvaluationGuard&) = delete;
  EvaluationGuard& operator=(const EvaluationGuard&) = delete;

 private:
  UNetSwin unet_;
  const bool training_;
};

const std::string& text_in(const TensorFile& file, const std::string& source, const std::string& key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw UserError("{}: holds weights but not the model's {}; name a file that `samsr train` wrote", source, key);
  }
  return found->second;
}

/// stored_settings() of a file that is a model's.
ModelSettings settings_in(const TensorFile& file, const std::string& source) {
  if (text_in(file, source, "format") != kModelFormat) {
    throw UserError("{}: has the format '{}', expected {}", source, printable(text_in(file, source, "format")),
                    kModelFormat);
  }
  return stored_settings(file, source);
}

/// UserError when the settings make no network, or one that the file cannot fill; before any of it is allocated.
void check_settings(const TensorFile& file, const ModelSettings& settings, const std::string& source) {
  try {
    settings.check();
  } catch (const UserError& error) {
    throw UserError("{}: {}", source, error.what());
  }
  check_held_weights(file, unet_weight_count(settings.unet), source, settings.unet.index_bytes());
}

void check_lq(const at::Tensor& lq, std::int64_t multiple) {
  TORCH_CHECK(lq.dim() == 4 && lq.size(1) == 3 && lq.size(2) % multiple == 0 && lq.size(3) % multiple == 0,
              "SuperResolutionModel: lq must be (B,3,H,W) with H and W multiples of ", multiple, ", got ", lq.sizes());
}

}  // namespace

Denoiser denoiser_of(const UNetSwin& unet) {
  return [network = unet.ptr()](const at::Tensor& scaled, const at::Tensor& steps, const at::Tensor& lq) {
    return network->forward(scaled, steps, lq);
  };
}

SuperResolutionModel::SuperResolutionModel(const ModelSettings& settings, std::uint64_t seed)
    : SuperResolutionModel(settings, seed, make_first_stage(settings.first_stage)) {}

SuperResolutionModel::SuperResolutionModel(const ModelSettings& settings, std::uint64_t seed,
                                           std::shared_ptr<FirstStage> first_stage)
    : settings_(settings),
      first_stage_(std::move(first_stage)),
      unet_(make_unet(settings, seed)),
      diffusion_(settings.diffusion, settings.first_stage.pixel_space()) {}

std::array<std::int64_t, 3> SuperResolutionModel::latent_shape(std::int64_t lq_height, std::int64_t lq_width) const {
  return settings_.latent_shape(lq_height, lq_width);
}

std::array<std::int64_t, 3> SuperResolutionModel::noise_shape(std::int64_t lq_height, std::int64_t lq_width) const {
  const auto [channels, height, width] = latent_shape(lq_height, lq_width);
  return {channels + settings_.unet.noise_channels, height, width};
}

at::Tensor SuperResolutionModel::image_of(const at::Tensor& latent) const {
  const at::Tensor image = first_stage_->decode(latent).to(torch::kFloat32);
  return at::where(image.isfinite(), image.clamp(-1, 1), std::numeric_limits<double>::quiet_NaN());
}

at::Tensor SuperResolutionModel::one_step(const at::Tensor& lq, const at::Tensor& noise,
                                          const std::optional<at::Tensor>& coverage) const {
  check_lq(lq, lq_multiple());
  const torch::NoGradGuard no_grad;
  const EvaluationGuard evaluation(unet_);
  const at::Tensor z_y = first_stage_->encode_lq(lq, settings_.scale).to(torch::kFloat32);
  const Schedule& schedule = diffusion_.schedule();
  const std::int64_t channels = z_y.size(1);
  const DistillStart start = distill_start(schedule, settings_.sam, z_y, noise.narrow(1, 0, channels), coverage);
  const Denoiser denoiser = with_noise(denoiser_of(unet_), noise.narrow(1, channels, settings_.unet.noise_channels));
  return image_of(diffusion_.predict_x0(denoiser, start.x_T, schedule.last(), z_y, lq));
}

at::Tensor SuperResolutionModel::sample_rollout(const at::Tensor& lq, const at::Tensor& noise,
                                                const std::optional<at::Tensor>& coverage) const {
  check_lq(lq, lq_multiple());
  const torch::NoGradGuard no_grad;
  const EvaluationGuard evaluation(unet_);
  const at::Tensor z_y = first_stage_->encode_lq(lq, settings_.scale).to(torch::kFloat32);
  const DistillStart start = distill_start(diffusion_.schedule(), settings_.sam, z_y, noise, coverage);
  return image_of(rollout(diffusion_, denoiser_of(unet_), start.teacher_process, start.teacher_x_T, z_y, lq));
}

at::Tensor SuperResolutionModel::sample_ancestral(const at::Tensor& lq, const at::Tensor& noise) const {
  check_lq(lq, lq_multiple());
  const torch::NoGradGuard no_grad;
  const EvaluationGuard evaluation(unet_);
  const at::Tensor z_y = first_stage_->encode_lq(lq, settings_.scale).to(torch::kFloat32);
  return image_of(samsr::sample_ancestral(diffusion_, denoiser_of(unet_), z_y, lq, noise));
}

at::Tensor SuperResolutionModel::sample_flow_map(const at::Tensor& lq, const FlowMapSampling& sampling) const {
  check_lq(lq, lq_multiple());
  const torch::NoGradGuard no_grad;
  const EvaluationGuard evaluation(unet_);
  const at::Tensor z_src = first_stage_->encode_lq(lq, settings_.scale).to(torch::kFloat32);
  return image_of(samsr::sample_flow_map(velocity_of(unet_, settings_.flow_map.time_scale), z_src,
                                         flow_condition(settings_, lq, z_src), sampling));
}

void SuperResolutionModel::enlarge_by(std::int64_t scale) {
  TORCH_CHECK(settings_.unet.flow_map && scale >= 1 && scale <= kLargestScale, "enlarge_by: a factor of ", scale);
  settings_.scale = scale;
}

void SuperResolutionModel::to(const at::Device& device) {
  unet_->to(device);
  first_stage_->to(device);
}

ModelSettings stored_settings(const TensorFile& file, const std::string& source) {
  ModelSettings settings;
  Settings registry;
  settings.bind(registry);
  registry.load_text(text_in(file, source, "config"), source);
  const std::string& scale = text_in(file, source, "scale");
  const auto [end, error] = std::from_chars(scale.data(), scale.data() + scale.size(), settings.scale);
  if (error != std::errc() || end != scale.data() + scale.size() || settings.scale < 1 ||
      settings.scale > kLargestScale) {
    throw UserError("{}: its scale is '{}', expected a whole number from 1 to {}", source, printable(scale),
                    kLargestScale);
  }
  return settings;
}

TensorFile model_file(const ModelSettings& settings, const std::string& kind, TensorFile weights) {
  ModelSettings copy = settings;
  Settings registry;
  copy.bind(registry);
  weights.metadata = {{"format", kModelFormat},
                      {"config", registry.to_yaml()},
                      {"scale", std::to_string(settings.scale)},
                      {"kind", kind},
                      {"variant", settings.sam.variant}};
  return weights;
}

void save_model(const std::filesystem::path& path, const ModelSettings& settings, const std::string& kind,
                const TensorFile& weights) {
  write_safetensors(path, model_file(settings, kind, weights));
}

LoadedModel load_model(const TensorFile& file, const std::string& source, const std::string& first_stage_weights,
                       const ModelSettings* settings_of_official) {
  const bool official = settings_of_official != nullptr && file.metadata.contains("container");
  ModelSettings settings = official ? *settings_of_official : settings_in(file, source);
  if (!first_stage_weights.empty()) {
    settings.first_stage.weights = first_stage_weights;
  }
  if (official) {
    settings.unet.noise_channels = noise_channels_in(file, settings.unet);
    settings.unet.flow_map = holds_flow_map(file);
  }
  const Method& method = !official ? method_of_kind(text_in(file, source, "kind"), source)
                                   : method_named(settings.unet.flow_map             ? "flowmap"
                                                  : settings.unet.noise_channels > 0 ? "rsd"
                                                                                     : "resshift");
  if (method.flow_map != settings.unet.flow_map) {
    throw UserError("{}: is of the kind {}, but its unet.flow_map is {}", source, method.kind, settings.unet.flow_map);
  }
  check_settings(file, settings, source);
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(settings, 0), &method, !official, source};
  load_weights(*loaded.model->unet(), file, source);
  loaded.model->unet()->eval();
  return loaded;
}

LoadedModel load_model(const std::filesystem::path& path, const std::string& first_stage_weights,
                       const ModelSettings* settings_of_official) {
  return load_model(read_whole_model(path), path.string(), first_stage_weights, settings_of_official);
}

std::unique_ptr<SuperResolutionModel> load_teacher_model(const std::filesystem::path& path,
                                                         const ModelSettings& student) {
  LoadedModel loaded = load_model(path, student.first_stage.weights, &student);
  if (loaded.method->flow_map != student.unet.flow_map) {
    throw UserError("{}: is {} flow map, and the network of the settings is {}; name another teacher", path.string(),
                    loaded.method->flow_map ? "a" : "no", student.unet.flow_map ? "one" : "none");
  }
  if (loaded.method->one_step) {
    throw UserError("{}: is a one-step student ({}), which has no rollout to learn from; name the teacher",
                    path.string(), loaded.method->name);
  }
  return std::move(loaded.model);
}

}  // namespace samsr
