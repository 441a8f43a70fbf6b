#include "models/perceptual/clip_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace samsr {
namespace {

constexpr double kLayerNormEpsilon = 1e-5;
constexpr std::int64_t kMlpRatio = 4;

std::string block_name(const std::string& prefix, std::int64_t layer) {
  return fmt::format("{}resblocks.{}.", prefix, layer);
}

at::Tensor projected(const at::Tensor& x, const ClipAffine& map) { return at::linear(x, map.weight, map.bias); }

/// CLIP's GELU, x·σ(1.702x).
at::Tensor quick_gelu(const at::Tensor& x) { return x * (x * 1.702).sigmoid(); }

}  // namespace

ClipAffine clip_affine(const NamedWeights& weights, const std::string& name, c10::Device device) {
  const auto plain = [&](const char* part) { return weights.at(name + part).to(device, at::kFloat); };
  return {plain("weight"), plain("bias")};
}

at::Tensor clip_norm(const at::Tensor& x, const ClipAffine& norm) {
  return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, kLayerNormEpsilon);
}

std::vector<WantedWeight> clip_transformer_weights(const std::string& prefix, const ClipTransformerShape& shape) {
  std::vector<WantedWeight> wanted;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    const std::string name = block_name(prefix, layer);
    const auto linear = [&](const std::string& map, std::int64_t out, std::int64_t in) {
      wanted.push_back({name + map + "weight", {out, in}});
      wanted.push_back({name + map + "bias", {out}});
    };
    linear("attn.in_proj_", 3 * shape.width, shape.width);
    linear("attn.out_proj.", shape.width, shape.width);
    linear("mlp.c_fc.", kMlpRatio * shape.width, shape.width);
    linear("mlp.c_proj.", shape.width, kMlpRatio * shape.width);
    for (const char* norm : {"ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"}) {
      wanted.push_back({name + norm, {shape.width}});
    }
  }
  return wanted;
}

ClipTransformer::ClipTransformer(const std::string& prefix, const ClipTransformerShape& shape,
                                 const NamedWeights& weights, c10::Device device)
    : heads_(shape.heads) {
  const at::NoGradGuard no_gradients;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    const auto part = [&](const char* name) { return clip_affine(weights, block_name(prefix, layer) + name, device); };
    blocks_.push_back({part("ln_1."), part("attn.in_proj_"), part("attn.out_proj."), part("ln_2."), part("mlp.c_fc."),
                       part("mlp.c_proj.")});
  }
}

at::Tensor ClipTransformer::attended(const Block& block, const at::Tensor& x, bool causal) const {
  const at::Tensor split = projected(x, block.in).unflatten(2, {3, heads_, -1}).permute({2, 0, 3, 1, 4});
  const at::Tensor mixed = at::scaled_dot_product_attention(split[0], split[1], split[2], {}, 0.0, causal);
  return projected(mixed.transpose(1, 2).flatten(2), block.out);
}

at::Tensor ClipTransformer::operator()(const at::Tensor& tokens, bool causal) const {
  at::Tensor x = tokens;
  for (const Block& block : blocks_) {
    x = x + attended(block, clip_norm(x, block.norm_1), causal);
    x = x + projected(quick_gelu(projected(clip_norm(x, block.norm_2), block.up)), block.down);
  }
  return x;
}

}  // namespace samsr
