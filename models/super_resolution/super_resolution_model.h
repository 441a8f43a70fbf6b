#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "diffusion/diffusion.h"
#include "diffusion/flow_map.h"
#include "diffusion/method.h"
#include "diffusion/process.h"
#include "models/first_stage/first_stage.h"
#include "models/super_resolution/model_settings.h"
#include "models/unet/unet_swin.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// The network as a function; keeps it alive.
Denoiser denoiser_of(const UNetSwin& unet);

/// Network, first stage and diffusion together: LR images in, HR images out. Images are RGB in [-1,1], float32.
class SuperResolutionModel {
 public:
  /// Fresh weights, a function of `seed`; seeds torch's default generator for it. UserError when the settings do
  /// not fit together or the first stage has no weights.
  SuperResolutionModel(const ModelSettings& settings, std::uint64_t seed);
  /// The same with a first stage that exists already.
  SuperResolutionModel(const ModelSettings& settings, std::uint64_t seed, std::shared_ptr<FirstStage> first_stage);

  const ModelSettings& settings() const { return settings_; }
  UNetSwin& unet() { return unet_; }
  const FirstStage& first_stage() const { return *first_stage_; }
  const Diffusion& diffusion() const { return diffusion_; }

  /// Height and width of LR images must be multiples of this; the caller pads.
  std::int64_t lq_multiple() const { return settings_.lq_multiple(); }
  /// C, h, w of the latent of an LR image.
  std::array<std::int64_t, 3> latent_shape(std::int64_t lq_height, std::int64_t lq_width) const;
  /// C+K, h, w: the shape of one sample's noise, of which the last K = unet.noise_channels go to the network as they
  /// are.
  std::array<std::int64_t, 3> noise_shape(std::int64_t lq_height, std::int64_t lq_width) const;

  /// The student's single step: lq (B,3,H,W), noise (B,C+K,h,w) standard normal, of noise_shape() ->
  /// (B,3,scale·H,scale·W) clamped to [-1,1]. With coverage (B,1,H,W), the number of masks at each LR pixel, noise and
  /// process are SAMSR's; without, plain.
  at::Tensor one_step(const at::Tensor& lq, const at::Tensor& noise,
                      const std::optional<at::Tensor>& coverage = std::nullopt) const;
  /// The teacher's deterministic T-step rollout, for networks without noise channels; arguments and result as one_step,
  /// but that the variant `released` rolls out the plain process.
  at::Tensor sample_rollout(const at::Tensor& lq, const at::Tensor& noise,
                            const std::optional<at::Tensor>& coverage = std::nullopt) const;
  /// The teacher's ancestral T-step sampling; noise (T,B,C,h,w).
  at::Tensor sample_ancestral(const at::Tensor& lq, const at::Tensor& noise) const;
  /// A flow map's sampling in sampling.steps steps: lq (B,3,H,W) -> (B,3,scale·H,scale·W) clamped to [-1,1]; without
  /// noise.
  at::Tensor sample_flow_map(const at::Tensor& lq, const FlowMapSampling& sampling) const;
  /// A latent (B,C,h,w) decoded and clamped to [-1,1]: (B,3,scale·H,scale·W) float32. What is infinite becomes NaN, so
  /// that it does not pass for black or white.
  at::Tensor image_of(const at::Tensor& latent) const;

  /// Enlarges by another factor from here on: a flow map has none of its own, since it starts from the enlarged image.
  void enlarge_by(std::int64_t scale);

  /// Moves network and first stage.
  void to(const at::Device& device);

 private:
  ModelSettings settings_;
  std::shared_ptr<FirstStage> first_stage_;
  UNetSwin unet_{nullptr};
  Diffusion diffusion_;
};

/// Weights with all that is needed to use them, as one safetensors file: metadata `format` (samsr-model/1),
/// `config` (the settings as YAML), `scale`, `kind`, `variant`. `weights`: state_of() the network, or averages of
/// it. `kind`: that of its Method.
TensorFile model_file(const ModelSettings& settings, const std::string& kind, TensorFile weights);

/// Writes model_file().
void save_model(const std::filesystem::path& path, const ModelSettings& settings, const std::string& kind,
                const TensorFile& weights);

inline constexpr const char* kModelFormat = "samsr-model/1";

/// The settings that model_file() put beside weights; `source` stands for the file in messages. UserError where there
/// are none, or they cannot be read.
ModelSettings stored_settings(const TensorFile& file, const std::string& source);

struct LoadedModel {
  std::unique_ptr<SuperResolutionModel> model;
  const Method* method = nullptr;  ///< that it was trained by
  bool own_settings = true;        ///< false for the official files, which carry none
  std::string name{};              ///< its file, or what else messages call it
};

/// The model of a model_file(), with float32 weights whatever the file's; `source` stands for it in messages.
/// `first_stage_weights`, if not empty, replaces the path in the file's settings. `settings_of_official`: those of
/// PyTorch's files, and of safetensors converted from them, which carry none; such a model is taken for a teacher, or,
/// where its input layer has more channels than these settings' unet.in_channels, for RSD's student, where it embeds
/// intervals and prompts, for a flow map.
/// UserError when the file has no settings and none are given, or its weights do not fit the settings.
LoadedModel load_model(const TensorFile& file, const std::string& source, const std::string& first_stage_weights = {},
                       const ModelSettings* settings_of_official = nullptr);
/// The same from a file of any format that read_weights() takes; of adapters, with the base that they name.
LoadedModel load_model(const std::filesystem::path& path, const std::string& first_stage_weights = {},
                       const ModelSettings* settings_of_official = nullptr);

/// A model that is sampled in the steps of its schedule, to be distilled; `student`: the settings of the one that
/// learns from it, whose first stage it takes. UserError for a one-step student.
std::unique_ptr<SuperResolutionModel> load_teacher_model(const std::filesystem::path& path,
                                                         const ModelSettings& student);

}  // namespace samsr
