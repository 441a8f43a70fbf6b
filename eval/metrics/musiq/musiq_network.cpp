#include "eval/metrics/musiq/musiq_network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/layers/wide_linear.h"

namespace samsr {
namespace {

constexpr std::int64_t kStem = 64;
constexpr std::int64_t kToken = 384;
constexpr std::int64_t kHidden = 1152;
constexpr std::int64_t kAttentionHeads = 6;
constexpr std::int64_t kTransformerBlocks = 14;
constexpr std::int64_t kPlaces = 100;
constexpr std::int64_t kPictureScales = 3;
constexpr std::int64_t kCells = 8 * 8;  // of a patch behind the stem
constexpr std::int64_t kNormedGroups = 32;
constexpr double kRootEpsilon = 1e-6;
constexpr double kBlockEpsilon = 1e-4;
constexpr double kTransformerEpsilon = 1e-6;
constexpr double kDeviationFloor = 1e-5;
/// Patches that pass through the stem together: their maps stay in the processor's last cache.
constexpr std::int64_t kPatchesAtATime = 256;

constexpr const char* kEncoder = "transformer_encoder.";

std::string encoder_block(std::int64_t i) { return fmt::format("{}transformer.encoderblock_{}.", kEncoder, i); }

/// Weights standardised filter by filter: (w - mean) / (std + 1e-5), of the unbiased std.
PackedConv standardised(const NamedWeights& weights, const std::string& name, std::int64_t stride, std::int64_t padding,
                        c10::Device device) {
  const at::Tensor weight = weights.at(name + ".weight").to(at::kCPU, at::kDouble);
  const at::Tensor centred = weight - weight.mean({1, 2, 3}, true);
  const at::Tensor deviation = weight.std({1, 2, 3}, true, true);
  return PackedConv((centred / (deviation + kDeviationFloor)).to(device, at::kFloat), {}, stride, padding);
}

}  // namespace

std::vector<WantedWeight> musiq_weights() {
  std::vector<WantedWeight> wanted;
  const auto affine = [&](const std::string& name, std::vector<std::int64_t> shape) {
    wanted.push_back({name + ".bias", {shape.front()}});
    wanted.push_back({name + ".weight", std::move(shape)});
  };
  const auto conv = [&](const std::string& name, const std::string& norm, std::int64_t in, std::int64_t out,
                        std::int64_t kernel) {
    wanted.push_back({name + ".weight", {out, in, kernel, kernel}});
    affine(norm, {out});
  };
  conv("conv_root", "gn_root", 3, kStem, 7);
  conv("block1.conv1", "block1.gn1", kStem, kStem, 1);
  conv("block1.conv2", "block1.gn2", kStem, kStem, 3);
  conv("block1.conv3", "block1.gn3", kStem, 4 * kStem, 1);
  conv("block1.conv_proj", "block1.gn_proj", kStem, 4 * kStem, 1);
  affine("embedding", {kToken, 4 * kStem * kCells});
  const std::string encoder = kEncoder;
  wanted.push_back({encoder + "cls", {1, 1, kToken}});
  wanted.push_back({encoder + "posembed_input.position_emb", {1, kPlaces, kToken}});
  wanted.push_back({encoder + "scaleembed_input.scale_emb", {kPictureScales, kToken}});
  affine(encoder + "encoder_norm", {kToken});
  for (std::int64_t i = 0; i < kTransformerBlocks; ++i) {
    const std::string name = encoder_block(i);
    affine(name + "norm1", {kToken});
    for (const char* part : {"query", "key", "value", "out"}) {
      affine(name + "attention." + part, {kToken, kToken});
    }
    affine(name + "norm2", {kToken});
    affine(name + "mlp.fc1", {kHidden, kToken});
    affine(name + "mlp.fc2", {kToken, kHidden});
  }
  affine("head", {1, kToken});
  return wanted;
}

MusiqNetwork::MusiqNetwork(const NamedWeights& weights, c10::Device device)
    : root_(standardised(weights, "conv_root", 2, 0, device)),
      reduce_(standardised(weights, "block1.conv1", 1, 0, device)),
      filter_(standardised(weights, "block1.conv2", 1, 1, device)),
      expand_(standardised(weights, "block1.conv3", 1, 0, device)),
      shortcut_(standardised(weights, "block1.conv_proj", 1, 0, device)) {
  const at::NoGradGuard no_gradients;
  const auto tensor = [&](const std::string& name) { return weights.at(name).to(device, at::kFloat); };
  const auto affine = [&](const std::string& name) { return Affine{tensor(name + ".weight"), tensor(name + ".bias")}; };
  const auto group_norm = [&](const std::string& name, double epsilon) {
    return GroupNorm{tensor(name + ".weight"), tensor(name + ".bias"), kNormedGroups, epsilon};
  };
  root_norm_ = group_norm("gn_root", kRootEpsilon);
  reduce_norm_ = group_norm("block1.gn1", kBlockEpsilon);
  filter_norm_ = group_norm("block1.gn2", kBlockEpsilon);
  expand_norm_ = group_norm("block1.gn3", kBlockEpsilon);
  shortcut_norm_ = group_norm("block1.gn_proj", kBlockEpsilon);
  embedding_ = affine("embedding");
  const std::string encoder = kEncoder;
  class_token_ = tensor(encoder + "cls");
  places_ = tensor(encoder + "posembed_input.position_emb").squeeze(0);
  scales_ = tensor(encoder + "scaleembed_input.scale_emb");
  for (std::int64_t i = 0; i < kTransformerBlocks; ++i) {
    const std::string name = encoder_block(i);
    const Affine query = affine(name + "attention.query");
    const Affine key = affine(name + "attention.key");
    const Affine value = affine(name + "attention.value");
    blocks_.push_back({affine(name + "norm1"),
                       {at::cat({query.weight, key.weight, value.weight}), at::cat({query.bias, key.bias, value.bias})},
                       affine(name + "attention.out"),
                       affine(name + "norm2"),
                       affine(name + "mlp.fc1"),
                       affine(name + "mlp.fc2")});
  }
  last_norm_ = affine(encoder + "encoder_norm");
  head_ = affine("head");
}

/// (n,3,32,32) -> (n,384).
at::Tensor MusiqNetwork::tokens(const at::Tensor& pixels) const {
  // TensorFlow's "same" padding of a 7x7 kernel with stride 2: two before, three behind.
  at::Tensor x = root_(at::constant_pad_nd(pixels, {2, 3, 2, 3}));
  group_norm_relu_(root_norm_, x);
  x = at::max_pool2d(x, 3, 2, 0, 1, true);
  at::Tensor y = reduce_(x);
  group_norm_relu_(reduce_norm_, y);
  y = filter_(y);
  group_norm_relu_(filter_norm_, y);
  at::Tensor shortcut = shortcut_(x);
  group_norm_(shortcut_norm_, shortcut);
  y = expand_(y);
  group_norm_relu_(expand_norm_, y, shortcut);
  return wide_linear(y.permute({0, 2, 3, 1}).flatten(1), embedding_.weight, embedding_.bias);
}

at::Tensor MusiqNetwork::attended(const Block& block, const at::Tensor& x) {
  const at::Tensor split = wide_linear(x, block.query_key_value.weight, block.query_key_value.bias)
                               .unflatten(2, {3, kAttentionHeads, -1})
                               .permute({2, 0, 3, 1, 4});
  const at::Tensor mixed = at::scaled_dot_product_attention(split[0], split[1], split[2]);
  return wide_linear(mixed.transpose(1, 2).flatten(2), block.out.weight, block.out.bias);
}

at::Tensor MusiqNetwork::operator()(const MusiqPatches& patches) const {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : patches.pixels.split(kPatchesAtATime)) {
    parts.push_back(tokens(part));
  }
  const std::int64_t length = patches.positions.size(0);
  const at::Tensor placed =
      at::cat(parts).unflatten(0, {-1, length}) + places_.index({patches.positions}) + scales_.index({patches.scales});
  at::Tensor x = at::cat({class_token_.expand({placed.size(0), 1, kToken}), placed}, 1);
  const auto normed = [](const at::Tensor& tensor, const Affine& norm) {
    return at::layer_norm(tensor, {kToken}, norm.weight, norm.bias, kTransformerEpsilon);
  };
  for (const Block& block : blocks_) {
    x = x + attended(block, normed(x, block.norm1));
    const at::Tensor hidden = wide_linear(normed(x, block.norm2), block.fc1.weight, block.fc1.bias);
    x = x + wide_linear(at::gelu(hidden), block.fc2.weight, block.fc2.bias);
  }
  return at::linear(normed(x.select(1, 0), last_norm_), head_.weight, head_.bias).squeeze(1);
}

}  // namespace samsr
