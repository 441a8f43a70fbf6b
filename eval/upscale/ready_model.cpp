#include "eval/upscale/ready_model.h"

#include <torch/torch.h>

#include <utility>

#include "core/error.h"
#include "eval/upscale/peer_argument.h"
#include "eval/upscale/peer_upscaler.h"
#include "eval/upscale/upscale_record.h"
#include "models/embedded/embedded_student.h"

namespace samsr {
namespace {

[[noreturn]] void refuse_steps(const ModelArgument& argument, const std::string& what) {
  throw UserError("--steps {}: {} {}; only flow maps and LDM-SR have a choice of steps: leave it out", *argument.steps,
                  argument.path, what);
}

/// upscale.* of the argument, with --steps as the setting of the model's kind.
UpscaleSettings upscaling_with(const LoadedModel& loaded, const ModelArgument& argument) {
  UpscaleSettings settings = argument.upscale;
  if (argument.steps) {
    if (!loaded.method->flow_map) {
      refuse_steps(argument, loaded.method->one_step ? "answers in one step"
                                                     : fmt::format("samples in the {} steps that it was trained with",
                                                                   loaded.model->diffusion().schedule().steps()));
    }
    settings.steps = *argument.steps;
  }
  return settings;
}

UpscaleSettings upscaling_with(const PeerModel& model, const ModelArgument& argument) {
  UpscaleSettings settings = argument.upscale;
  if (argument.steps) {
    if (model.traits().noise_layers == 0) {
      refuse_steps(argument, "is " + model.traits().network + ", which answers in one pass");
    }
    settings.peer.ddim_steps = *argument.steps;
  }
  return settings;
}

class OwnModel : public ReadyModel {
 public:
  OwnModel(LoadedModel loaded, const ModelArgument& argument, MaskSettings masks, c10::Device device)
      : loaded_(placed(std::move(loaded), device)),
        settings_(upscaling_with(loaded_, argument)),
        masks_(std::move(masks)),
        upscaler_(loaded_, settings_, masks_) {
    if (const std::string set = settings_.peer.set(); !set.empty()) {
      throw UserError("{} is for compared methods' networks, and {} is a model of samsr's kinds: leave it out", set,
                      argument.path);
    }
  }

  const PictureUpscaler& upscaler() const override { return upscaler_; }

  std::string record() const override {
    return upscale_record(loaded_, settings_, upscaler_.uses_masks() ? std::optional(masks_) : std::nullopt);
  }

  double millions_of_parameters() const override {
    double count = static_cast<double>(loaded_.model->first_stage().weight_bytes()) / sizeof(float);
    for (const at::Tensor& parameter : loaded_.model->unet()->parameters()) {
      count += static_cast<double>(parameter.numel());
    }
    return count / 1e6;
  }

 private:
  static LoadedModel placed(LoadedModel loaded, c10::Device device) {
    loaded.model->to(device);
    return loaded;
  }

  mutable LoadedModel loaded_;  // whose network torch lets nobody read as const
  const UpscaleSettings settings_;
  const MaskSettings masks_;
  const Upscaler upscaler_;
};

class ComparedModel : public ReadyModel {
 public:
  ComparedModel(std::unique_ptr<PeerModel> model, const ModelArgument& argument, c10::Device device)
      : model_(placed(std::move(model), device)),
        settings_(upscaling_with(*model_, argument)),
        record_(upscale_record(*model_, settings_)),
        upscaler_(*model_, settings_, argument.path) {
    if (settings_.scale != 0 && settings_.scale != upscaler_.scale()) {
      throw UserError("{}: enlarges {} times, and upscale.scale is {}; a flow map alone has any factor", argument.path,
                      upscaler_.scale(), settings_.scale);
    }
  }

  const PictureUpscaler& upscaler() const override { return upscaler_; }
  std::string record() const override { return record_; }
  double millions_of_parameters() const override { return model_->parameters() / 1e6; }

 private:
  static std::unique_ptr<PeerModel> placed(std::unique_ptr<PeerModel> model, c10::Device device) {
    model->to(device);
    return model;
  }

  const std::unique_ptr<PeerModel> model_;
  const UpscaleSettings settings_;
  const std::string record_;  ///< of the weights before their numbers become those of the settings
  const PeerUpscaler upscaler_;
};

}  // namespace

std::unique_ptr<ReadyModel> ready_model(const ModelArgument& argument, c10::Device device, Log& log) {
  if (argument.path == kEmbeddedModel) {
    const MaskSettings masks = masks_of(argument, log);
    return std::make_unique<OwnModel>(load_model_argument(argument, log), argument, masks, device);
  }
  if (auto peer = load_peer_folder(argument, log)) {
    return std::make_unique<ComparedModel>(std::move(peer), argument, device);
  }
  const ArgumentWeights weights = read_argument(argument, log);
  if (auto peer = load_peer_argument(argument, weights, log)) {
    return std::make_unique<ComparedModel>(std::move(peer), argument, device);
  }
  const MaskSettings masks = masks_of(argument, log);
  return std::make_unique<OwnModel>(load_model_argument(argument, weights, log), argument, masks, device);
}

}  // namespace samsr
