#include "models/perceptual/clip_text.h"

#include <ATen/ATen.h>

#include "models/perceptual/clip_transformer.h"

namespace samsr {
namespace {

constexpr ClipTransformerShape kText{.width = 512, .layers = 12, .heads = 8};
constexpr const char* kTransformer = "transformer.";
constexpr std::int64_t kContext = 77;
constexpr std::int64_t kVocabulary = 49408;
constexpr std::int64_t kTextFeatures = 1024;

}  // namespace

std::vector<WantedWeight> clip_text_weights() {
  std::vector<WantedWeight> wanted = clip_transformer_weights(kTransformer, kText);
  wanted.insert(wanted.end(), {{"positional_embedding", {kContext, kText.width}},
                               {"text_projection", {kText.width, kTextFeatures}},
                               {"token_embedding.weight", {kVocabulary, kText.width}},
                               {"ln_final.weight", {kText.width}},
                               {"ln_final.bias", {kText.width}}});
  return wanted;
}

at::Tensor clip_text_features(const NamedWeights& weights, const at::Tensor& tokens) {
  TORCH_CHECK(tokens.dim() == 2 && tokens.size(1) == kContext, "tokens are ", tokens.sizes(), ", expected (P,77)");
  const at::NoGradGuard no_gradients;
  const auto plain = [&](const char* name) { return weights.at(name).to(at::kCPU, at::kFloat); };
  const at::Tensor ends = tokens.argmax(1);
  // What stands behind an end token never reaches it, so all texts are cut behind the longest.
  const std::int64_t length = ends.max().item<std::int64_t>() + 1;
  const at::Tensor embedded = weights.at("token_embedding.weight").index({tokens.slice(1, 0, length)}).to(at::kFloat) +
                              plain("positional_embedding").slice(0, 0, length);
  const ClipTransformer transformer(kTransformer, kText, weights, at::kCPU);
  const at::Tensor x = clip_norm(transformer(embedded, /*causal=*/true), clip_affine(weights, "ln_final.", at::kCPU));
  const at::Tensor last = x.index({at::arange(x.size(0)), ends});
  return at::matmul(last, plain("text_projection"));
}

}  // namespace samsr
