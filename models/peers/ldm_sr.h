#pragma once

#include <memory>
#include <string>

#include "diffusion/ddim.h"
#include "models/first_stage/first_stage.h"
#include "models/peers/ldm_unet.h"

namespace samsr {

/// Latent diffusion's super-resolution (bsr_sr): a UNet that denoises the latent beside the LR picture, sampled by
/// DDIM, and the autoencoder.
struct LdmSr {
  LdmUNet unet{nullptr};
  VQModelTorch autoencoder{nullptr};
  std::shared_ptr<FirstStage> first_stage;  ///< around the autoencoder
  std::int64_t decoder_channels = 0;        ///< of its maps at the size of the result
};

/// The noise that the UNet sees in x (B,C,h,w), beside lr (B,3,h,w) in [-1,1], at timesteps (B) int64.
at::Tensor ldm_noise(LdmUNet& unet, const at::Tensor& x, const at::Tensor& lr, const at::Tensor& timesteps);

/// A latent (B,C,h,w) for lr (B,3,h,w) in [-1,1], in all steps of `ddim`. noise (1 + steps,B,C,h,w) standard normal:
/// the start, then what each step adds, from the noisiest.
at::Tensor sample_ldm(LdmUNet& unet, const Ddim& ddim, const at::Tensor& lr, const at::Tensor& noise);

/// Whether these are weights of LDM-SR: a UNet and its first stage.
bool is_ldm_sr(const TensorFile& file);

/// UNet and first stage of one file, with float32 weights: those of the moving average where the file has it, as its
/// demo samples. UserError naming `source` and the tensors that are missing, superfluous or of another shape.
LdmSr load_ldm_sr(const TensorFile& file, const std::string& source);

}  // namespace samsr
