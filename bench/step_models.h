#pragma once
// The two sizes that training steps are measured at.

#include <torch/torch.h>

#include "data/shards/loader.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr::bench {

inline ModelSettings quickstart_model() {
  ModelSettings model;
  model.first_stage.type = "space_to_depth";
  model.unet.in_channels = 51;
  model.unet.out_channels = 48;
  model.unet.model_channels = 32;
  model.unet.attention_resolutions = {32, 16};
  model.unet.channel_mult = {1, 2, 4};
  model.unet.num_res_blocks = {1, 1, 2};
  model.unet.swin_embed_dim = 64;
  model.diffusion.steps = 4;
  model.diffusion.power = 1;
  model.diffusion.kappa = 1;
  model.diffusion.predict_type = "residual";
  return model;
}

/// The paper's network and schedule on cached latents. The autoencoder takes no part in a latent-space step, so a
/// first stage of the same geometry without weights stands in for it: three channels at the LR image's size.
inline ModelSettings paper_model() {
  ModelSettings model;
  model.first_stage.type = "none";
  model.scale = 1;
  return model;
}

/// A batch of noise, as large as real ones: LR images of size×size. With `rollouts`, one for each sample, as shards
/// would give it.
inline Batch noise_batch(const ModelSettings& model, std::int64_t size, std::int64_t count, bool rollouts) {
  Batch batch;
  const std::int64_t channels = model.unet.out_channels;
  batch.lq = torch::rand({count, 3, size, size}) * 2 - 1;
  batch.z_0 = torch::rand({count, channels, size, size}) * 2 - 1;
  batch.z_y = torch::rand({count, channels, size, size}) * 2 - 1;
  batch.coverage = torch::randint(0, 5, {count, 1, size, size}, torch::kUInt8);
  for (std::int64_t i = 0; i < count; ++i) {
    batch.position.push_back(static_cast<std::uint64_t>(i));
    batch.sample.push_back(static_cast<std::uint64_t>(i));
  }
  if (rollouts) {
    batch.x0 = torch::rand_like(batch.z_0) * 2 - 1;
    batch.noise_seed = batch.position;
  }
  return batch;
}

}  // namespace samsr::bench
