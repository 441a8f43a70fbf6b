#include "models/first_stage/first_stage.h"

#include <torch/torch.h>

#include "core/error.h"
#include "models/first_stage/vq_weight_count.h"
#include "models/weights/held_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace {

void check_image(const at::Tensor& image, std::int64_t factor) {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(2) % factor == 0 && image.size(3) % factor == 0,
              "FirstStage: the image must be (B,3,H,W) with H and W multiples of ", factor, ", got ", image.sizes());
}

class VqFirstStage : public FirstStage {
 public:
  VqFirstStage(const VQModelTorch& model, const FirstStageSettings& settings)
      : model_(model.ptr()),
        channels_(settings.latent_channels()),
        factor_(settings.latent_factor()),
        scale_factor_(settings.scale_factor) {
    model_->eval();
    for (at::Tensor& parameter : model_->parameters()) {
      parameter.requires_grad_(false);
    }
  }
  at::Tensor encode(const at::Tensor& image) const override {
    check_image(image, factor_);
    return model_->encode(image) * scale_factor_;
  }
  at::Tensor decode(const at::Tensor& latent) const override { return model_->decode(latent / scale_factor_); }
  at::Tensor decode_unquantised(const at::Tensor& latent) const override {
    return model_->decode(latent / scale_factor_, /*force_not_quantize=*/true);
  }
  std::int64_t channels() const override { return channels_; }
  std::int64_t factor() const override { return factor_; }
  bool lossless() const override { return false; }
  void to(const at::Device& device) override { model_->to(device); }
  std::size_t weight_bytes() const override {
    std::size_t bytes = 0;
    for (const at::Tensor& parameter : model_->parameters()) {
      bytes += parameter.nbytes();
    }
    return bytes;
  }

 private:
  // Shared, so that its forward functions, which torch declares non-const, can be called from const ones.
  const std::shared_ptr<VQModelTorchImpl> model_;
  const std::int64_t channels_;
  const std::int64_t factor_;
  const double scale_factor_;
};

/// Each f×f tile of pixels becomes the channels of one latent pixel: C = 3·f².
class SpaceToDepth : public FirstStage {
 public:
  explicit SpaceToDepth(const FirstStageSettings& settings)
      : factor_(settings.latent_factor()), scale_factor_(settings.scale_factor) {}
  at::Tensor encode(const at::Tensor& image) const override {
    check_image(image, factor_);
    return at::pixel_unshuffle(image, factor_) * scale_factor_;
  }
  at::Tensor decode(const at::Tensor& latent) const override {
    return at::pixel_shuffle(latent / scale_factor_, factor_);
  }
  std::int64_t channels() const override { return 3 * factor_ * factor_; }
  std::int64_t factor() const override { return factor_; }
  bool lossless() const override { return true; }
  void to(const at::Device&) override {}

 private:
  const std::int64_t factor_;
  const double scale_factor_;
};

}  // namespace

void FirstStageSettings::bind(Settings& settings) {
  settings.add("first_stage.type", type, "what diffusion works on: VQGAN latents, pixels folded into channels, pixels")
      .one_of({"vq_f4", "space_to_depth", "none"});
  settings
      .add("first_stage.weights", weights, "weights of vq_f4: autoencoder_vq_f4.pth, or the same names as safetensors")
      .path();
  settings.add("first_stage.factor", factor, "side of the tiles that space_to_depth folds, in pixels").between(1, 64);
  settings.add("first_stage.scale_factor", scale_factor, "multiplies latents after encoding").above(0.0).at_most(1e6);
  autoencoder.bind(settings);
}

std::int64_t FirstStageSettings::latent_channels() const {
  return type == "vq_f4" ? autoencoder.embed_dim : 3 * latent_factor() * latent_factor();
}

std::int64_t FirstStageSettings::latent_factor() const {
  return type == "vq_f4" ? autoencoder.ddconfig.factor() : type == "space_to_depth" ? factor : 1;
}

at::Tensor enlarge_bicubic(const at::Tensor& image, std::int64_t scale) {
  const auto factor = static_cast<double>(scale);
  return scale == 1 ? image
                    : at::upsample_bicubic2d(image, {scale * image.size(2), scale * image.size(3)},
                                             /*align_corners=*/false, factor, factor);
}

at::Tensor resize_bicubic(const at::Tensor& image, std::array<std::int64_t, 2> size) {
  if (image.size(2) == size[0] && image.size(3) == size[1]) {
    return image;
  }
  return size[0] < image.size(2) ? at::_upsample_bicubic2d_aa(image, size, /*align_corners=*/false)
                                 : at::upsample_bicubic2d(image, size, /*align_corners=*/false);
}

at::Tensor FirstStage::encode_lq(const at::Tensor& lq, std::int64_t scale) const {
  return encode(enlarge_bicubic(lq, scale));
}

std::shared_ptr<FirstStage> make_vq_first_stage(const VQModelTorch& model, const FirstStageSettings& settings) {
  return std::make_shared<VqFirstStage>(model, settings);
}

std::shared_ptr<FirstStage> make_first_stage(const FirstStageSettings& settings) {
  if (settings.pixel_space() && settings.scale_factor != 1) {
    throw UserError("first_stage.scale_factor is {}: first_stage.type none works on pixels in [-1,1], expected 1",
                    settings.scale_factor);
  }
  if (settings.type != "vq_f4") {
    // `none` is space_to_depth with tiles of one pixel.
    return std::make_shared<SpaceToDepth>(settings);
  }
  if (settings.weights.empty()) {
    throw UserError(
        "first_stage.weights is empty: first_stage.type vq_f4 needs the weights of autoencoder_vq_f4 (see the "
        "release page of ResShift); first_stage.type space_to_depth needs none");
  }
  const TensorFile file = read_weights(settings.weights);
  check_held_weights(file, vq_weight_count(settings.autoencoder), settings.weights);
  VQModelTorch model(settings.autoencoder);
  load_weights(*model, file, settings.weights);
  return make_vq_first_stage(model, settings);
}

}  // namespace samsr
