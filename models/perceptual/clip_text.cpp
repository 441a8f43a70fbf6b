#include "models/perceptual/clip_text.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace samsr {
namespace {

constexpr std::int64_t kWidth = 512;
constexpr std::int64_t kLayers = 12;
constexpr std::int64_t kTextHeads = 8;
constexpr std::int64_t kContext = 77;
constexpr std::int64_t kVocabulary = 49408;
constexpr std::int64_t kTextFeatures = 1024;
constexpr double kLayerNormEpsilon = 1e-5;

std::string block_name(std::int64_t layer) { return fmt::format("transformer.resblocks.{}.", layer); }

at::Tensor plain(const NamedWeights& weights, const std::string& name) {
  return weights.at(name).to(at::kCPU, at::kFloat);
}

at::Tensor normed(const NamedWeights& weights, const std::string& name, const at::Tensor& x) {
  return at::layer_norm(x, {kWidth}, plain(weights, name + ".weight"), plain(weights, name + ".bias"),
                        kLayerNormEpsilon);
}

at::Tensor projected(const NamedWeights& weights, const std::string& name, const at::Tensor& x) {
  return at::linear(x, plain(weights, name + "weight"), plain(weights, name + "bias"));
}

/// Every token attends to itself and those before it.
at::Tensor attended(const NamedWeights& weights, const std::string& name, const at::Tensor& x) {
  const at::Tensor split =
      projected(weights, name + "in_proj_", x).unflatten(2, {3, kTextHeads, -1}).permute({2, 0, 3, 1, 4});
  const at::Tensor mixed = at::scaled_dot_product_attention(split[0], split[1], split[2], {}, 0.0, true);
  return projected(weights, name + "out_proj.", mixed.transpose(1, 2).flatten(2));
}

at::Tensor transformed(const NamedWeights& weights, const std::string& name, const at::Tensor& x) {
  const at::Tensor hidden = projected(weights, name + "c_fc.", x);
  return projected(weights, name + "c_proj.", hidden * (hidden * 1.702).sigmoid());
}

}  // namespace

std::vector<WantedWeight> clip_text_weights() {
  std::vector<WantedWeight> wanted = {{"positional_embedding", {kContext, kWidth}},
                                      {"text_projection", {kWidth, kTextFeatures}},
                                      {"token_embedding.weight", {kVocabulary, kWidth}},
                                      {"ln_final.weight", {kWidth}},
                                      {"ln_final.bias", {kWidth}}};
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string name = block_name(layer);
    const auto linear = [&](const std::string& weight, const std::string& bias, std::int64_t out, std::int64_t in) {
      wanted.push_back({name + weight, {out, in}});
      wanted.push_back({name + bias, {out}});
    };
    linear("attn.in_proj_weight", "attn.in_proj_bias", 3 * kWidth, kWidth);
    linear("attn.out_proj.weight", "attn.out_proj.bias", kWidth, kWidth);
    linear("mlp.c_fc.weight", "mlp.c_fc.bias", 4 * kWidth, kWidth);
    linear("mlp.c_proj.weight", "mlp.c_proj.bias", kWidth, 4 * kWidth);
    for (const char* norm : {"ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"}) {
      wanted.push_back({name + norm, {kWidth}});
    }
  }
  return wanted;
}

at::Tensor clip_text_features(const NamedWeights& weights, const at::Tensor& tokens) {
  TORCH_CHECK(tokens.dim() == 2 && tokens.size(1) == kContext, "tokens are ", tokens.sizes(), ", expected (P,77)");
  const at::NoGradGuard no_gradients;
  const at::Tensor ends = tokens.argmax(1);
  // What stands behind an end token never reaches it, so all texts are cut behind the longest.
  const std::int64_t length = ends.max().item<std::int64_t>() + 1;
  at::Tensor x = weights.at("token_embedding.weight").index({tokens.slice(1, 0, length)}).to(at::kFloat) +
                 plain(weights, "positional_embedding").slice(0, 0, length);
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string name = block_name(layer);
    x = x + attended(weights, name + "attn.", normed(weights, name + "ln_1", x));
    x = x + transformed(weights, name + "mlp.", normed(weights, name + "ln_2", x));
  }
  x = normed(weights, "ln_final", x);
  const at::Tensor last = x.index({at::arange(x.size(0)), ends});
  return at::matmul(last, plain(weights, "text_projection"));
}

}  // namespace samsr
