#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/settings.h"
#include "models/first_stage/vq_autoencoder.h"

namespace samsr {

/// Which first stage, and where its weights are.
struct FirstStageSettings {
  std::string type = "vq_f4";
  std::string weights;
  std::int64_t factor = 4;
  double scale_factor = 1;
  AutoencoderSettings autoencoder;

  /// Adds the settings `first_stage.*` and `autoencoder.*`.
  void bind(Settings& settings);
  /// True for `none`: diffusion then runs on pixels, in [-1,1].
  bool pixel_space() const { return type == "none"; }
  /// Channels of the latent, known without weights.
  std::int64_t latent_channels() const;
  /// Image pixels per latent pixel along an axis, known without weights.
  std::int64_t latent_factor() const;
};

/// Maps images to latents and back. Images are (B,3,H,W), RGB in [-1,1]; latents (B,C,H/f,W/f), multiplied by
/// scale_factor. Weights are frozen; gradients pass through decode() to the latent.
class FirstStage {
 public:
  virtual ~FirstStage() = default;

  /// H and W must be multiples of factor().
  virtual at::Tensor encode(const at::Tensor& image) const = 0;
  /// Not clamped to [-1,1].
  virtual at::Tensor decode(const at::Tensor& latent) const = 0;
  /// decode() around the quantiser, where there is one.
  virtual at::Tensor decode_unquantised(const at::Tensor& latent) const { return decode(latent); }
  /// Channels C of the latent.
  virtual std::int64_t channels() const = 0;
  /// Image pixels per latent pixel along an axis, f.
  virtual std::int64_t factor() const = 0;
  /// decode(encode(x)) is x.
  virtual bool lossless() const = 0;
  virtual void to(const at::Device& device) = 0;
  /// Memory of the weights.
  virtual std::size_t weight_bytes() const { return 0; }

  /// encode() of the LR image (B,3,H,W) enlarged `scale` times by enlarge_bicubic().
  at::Tensor encode_lq(const at::Tensor& lq, std::int64_t scale) const;
};

/// (B,C,H,W) -> (B,C,scale·H,scale·W) by bicubic interpolation with a = -0.75 and no antialiasing, as
/// torch.nn.functional.interpolate(mode="bicubic") does. Overshoots are kept.
at::Tensor enlarge_bicubic(const at::Tensor& image, std::int64_t scale);

/// (B,C,H,W) -> (B,C,h,w), bicubic: enlarged as by enlarge_bicubic(), with antialiasing where it becomes smaller, itself
/// where the size stays.
at::Tensor resize_bicubic(const at::Tensor& image, std::array<std::int64_t, 2> size);

/// The first stage of the settings, in evaluation mode, with frozen weights. UserError when `vq_f4` has no
/// weights file, or one that is not its own.
std::shared_ptr<FirstStage> make_first_stage(const FirstStageSettings& settings);

/// A first stage around an autoencoder that already has its weights; it is put in evaluation mode and frozen.
std::shared_ptr<FirstStage> make_vq_first_stage(const VQModelTorch& model, const FirstStageSettings& settings);

}  // namespace samsr
