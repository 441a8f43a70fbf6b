#include "models/perceptual/clip_vit.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "models/perceptual/clip_normalisation.h"
#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

constexpr const char* kVitTransformer = "visual.transformer.";

/// Text side, and what the archive carries besides weights.
bool is_no_image_weight(std::string_view name) { return !name.starts_with("visual."); }

/// From [-1,1].
InputScaling clip_scaling(c10::Device device) {
  std::array<double, 3> scale{};
  std::array<double, 3> offset{};
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = 0.5 / kClipDeviation[c];
    offset[c] = (0.5 - kClipMean[c]) / kClipDeviation[c];
  }
  return {scale, offset, device};
}

}  // namespace

ClipVitShape clip_vit_b(std::int64_t patch) { return {224, patch, 768, 12, 12, 512}; }

std::vector<WantedWeight> clip_vit_weights(const ClipVitShape& shape) {
  std::vector<WantedWeight> wanted = clip_transformer_weights(kVitTransformer, shape.transformer());
  wanted.insert(wanted.end(), {{"visual.class_embedding", {shape.width}},
                               {"visual.positional_embedding", {shape.patches() + 1, shape.width}},
                               {"visual.proj", {shape.width, shape.features}},
                               {"visual.conv1.weight", {shape.width, 3, shape.patch, shape.patch}},
                               {"visual.ln_pre.weight", {shape.width}},
                               {"visual.ln_pre.bias", {shape.width}},
                               {"visual.ln_post.weight", {shape.width}},
                               {"visual.ln_post.bias", {shape.width}}});
  return wanted;
}

ClipVit::ClipVit(const ClipVitShape& shape, const NamedWeights& weights, c10::Device device)
    : shape_(shape),
      scaling_(clip_scaling(device)),
      norm_pre_(clip_affine(weights, "visual.ln_pre.", device)),
      norm_post_(clip_affine(weights, "visual.ln_post.", device)),
      transformer_(kVitTransformer, shape.transformer(), weights, device) {
  const at::NoGradGuard no_gradients;
  const auto weight = [&](const char* name) { return weights.at(name).to(device, at::kFloat); };
  filters_ = weight("visual.conv1.weight");
  const at::Tensor positions = weight("visual.positional_embedding");
  class_ = (weight("visual.class_embedding") + positions[0]).view({1, 1, -1});
  positions_ = positions.slice(0, 1);
  projection_ = weight("visual.proj");
  for (const WantedWeight& wanted : clip_vit_weights(shape)) {
    weight_bytes_ += static_cast<std::size_t>(c10::multiply_integers(wanted.shape)) * sizeof(float);
  }
}

at::Tensor ClipVit::input(const at::Tensor& images) const {
  const at::Tensor square = at::_upsample_bicubic2d_aa(images.to(at::kFloat), {shape_.side, shape_.side},
                                                       /*align_corners=*/false);
  return scaling_(square);
}

at::Tensor ClipVit::tokens(const at::Tensor& input) const {
  const at::Tensor patches = at::conv2d(input, filters_, {}, shape_.patch).flatten(2).transpose(1, 2) + positions_;
  const at::Tensor all = at::cat({class_.expand({input.size(0), 1, -1}), patches}, 1);
  return transformer_(clip_norm(all, norm_pre_), /*causal=*/false);
}

at::Tensor ClipVit::embedding(const at::Tensor& tokens) const {
  return at::matmul(clip_norm(tokens.select(1, 0), norm_post_), projection_);
}

at::Tensor ClipVit::patches(const at::Tensor& tokens) const { return clip_norm(tokens.slice(1, 1), norm_post_); }

ClipVit read_clip_vit_b(std::int64_t patch, const std::filesystem::path& file, c10::Device device) {
  const ClipVitShape shape = clip_vit_b(patch);
  return {shape,
          read_fitting_weights(file, clip_vit_weights(shape), fmt::format("the image side of CLIP ViT-B/{}", patch),
                               is_no_image_weight),
          device};
}

}  // namespace samsr
