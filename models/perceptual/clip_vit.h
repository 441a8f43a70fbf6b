#pragma once
// Image side of CLIP's vision transformers (Radford et al. 2021), with OpenAI's names.

#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "models/perceptual/clip_transformer.h"
#include "models/perceptual/input_scaling.h"
#include "models/weights/load_weights.h"

namespace samsr {

struct ClipVitShape {
  std::int64_t side;   ///< of its square pictures, in pixels
  std::int64_t patch;  ///< side of a patch, in pixels
  std::int64_t width;
  std::int64_t layers;
  std::int64_t heads;
  std::int64_t features;  ///< of the space that pictures share with texts

  std::int64_t patches() const { return (side / patch) * (side / patch); }
  ClipTransformerShape transformer() const { return {width, layers, heads}; }
};

/// ViT-B of patches of 32 or 16 pixels, as published.
ClipVitShape clip_vit_b(std::int64_t patch);

/// Tensors of the image side, under their official names (visual.…).
std::vector<WantedWeight> clip_vit_weights(const ClipVitShape& shape);

/// Frozen; what it gives has a gradient with respect to the pictures.
class ClipVit {
 public:
  /// `weights` hold clip_vit_weights(shape), of any number type.
  ClipVit(const ClipVitShape& shape, const NamedWeights& weights, c10::Device device);

  /// Pictures (B,3,H,W), RGB in [-1,1] -> (B,3,side,side): bicubic with antialiasing (a = -0.5), without regard to the
  /// aspect, uncut, and scaled by CLIP's mean and deviation.
  at::Tensor input(const at::Tensor& images) const;
  /// What the transformer makes of input(): (B, 1 + patches, width), the class token first, before any last norm.
  at::Tensor tokens(const at::Tensor& input) const;
  /// (B, features) of tokens(): the normalised class token in the shared space.
  at::Tensor embedding(const at::Tensor& tokens) const;
  /// (B, patches, width) of tokens(): the normalised patches.
  at::Tensor patches(const at::Tensor& tokens) const;
  /// Memory of the weights.
  std::size_t weight_bytes() const { return weight_bytes_; }

 private:
  ClipVitShape shape_;
  InputScaling scaling_;
  at::Tensor filters_;     ///< (width,3,patch,patch)
  at::Tensor class_;       ///< (1,1,width), with its position
  at::Tensor positions_;   ///< (patches,width)
  at::Tensor projection_;  ///< (width,features)
  ClipAffine norm_pre_, norm_post_;
  ClipTransformer transformer_;
  std::size_t weight_bytes_ = 0;
};

/// The image side out of OpenAI's file of ViT-B with that patch: the archive as published or a state dict of it.
/// UserError naming the file that does not fit.
ClipVit read_clip_vit_b(std::int64_t patch, const std::filesystem::path& file, c10::Device device);

}  // namespace samsr
