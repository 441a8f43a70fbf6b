#include "support/small_model.h"

#include <torch/torch.h>

namespace samsr::testing {

std::string small_sizes() {
  return " data.gt_size=64 data.crop_pad_size=80 data.samples=24 unet.image_size=16 'unet.attention_resolutions=[16, "
         "8]'"
         " 'unet.channel_mult=[1, 2]' 'unet.num_res_blocks=[1, 1]' unet.num_head_channels=16 unet.swin_embed_dim=32"
         " diffusion.steps=3 ";
}

std::string small_settings() {
  return small_sizes() +
         "data.scale=4 data.samples_per_shard=5 data.seed=3 first_stage.type=space_to_depth first_stage.factor=4"
         " unet.in_channels=51 unet.model_channels=32 unet.out_channels=48 unet.swin_depth=2"
         " diffusion.schedule_kwargs.power=1 diffusion.kappa=1 diffusion.predict_type=residual ";
}

UNetSettings small_unet_settings() {
  UNetSettings settings;
  settings.image_size = 16;
  settings.model_channels = 32;
  settings.attention_resolutions = {16, 8};
  settings.channel_mult = {1, 2};
  settings.num_res_blocks = {1, 1};
  settings.swin_embed_dim = 32;
  return settings;
}

ModelSettings small_model_settings(std::int64_t steps) {
  ModelSettings settings;
  settings.first_stage.type = "space_to_depth";
  settings.unet = small_unet_settings();
  settings.unet.in_channels = 51;
  settings.unet.out_channels = 48;
  settings.unet.attention_resolutions = {16};
  settings.unet.channel_mult = {1, 1};
  settings.diffusion.steps = steps;
  settings.diffusion.power = 1;
  settings.diffusion.kappa = 1;
  settings.diffusion.predict_type = "residual";
  return settings;
}

void shake_output(SuperResolutionModel& model) {
  const torch::NoGradGuard no_grad;
  model.unet()->named_parameters()["out.2.weight"].normal_(0, 0.003);
}

}  // namespace samsr::testing
