#include "models/perceptual/clip_image.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "models/layers/basic_layers.h"
#include "models/perceptual/clip_normalisation.h"
#include "models/perceptual/folded_conv.h"

namespace samsr {
namespace {

constexpr std::array<std::int64_t, 4> kBlocks = {3, 4, 6, 3};
constexpr std::int64_t kStemWidth = 64;
constexpr std::int64_t kExpansion = 4;
constexpr std::int64_t kMapWidth = 2048;
constexpr std::int64_t kHeads = 32;
constexpr std::int64_t kFeatureWidth = 1024;
constexpr std::int64_t kTrainedPositions = 50;  // 7x7 and their mean
constexpr double kBatchNormEpsilon = 1e-5;

/// A convolution without bias and the batch norm behind it.
struct NormedConv {
  std::string conv;
  std::string norm;
  std::int64_t in;
  std::int64_t out;
  std::int64_t kernel;
  std::int64_t stride = 1;
};

struct BlockPlan {
  NormedConv reduce;
  NormedConv filter;
  NormedConv expand;
  std::optional<NormedConv> shortcut;
  bool halves;
};

std::array<NormedConv, 3> stem_plan() {
  return {{{"visual.conv1", "visual.bn1", 3, kStemWidth / 2, 3, 2},
           {"visual.conv2", "visual.bn2", kStemWidth / 2, kStemWidth / 2, 3},
           {"visual.conv3", "visual.bn3", kStemWidth / 2, kStemWidth, 3}}};
}

std::vector<BlockPlan> block_plan() {
  std::vector<BlockPlan> plan;
  std::int64_t in = kStemWidth;
  for (std::size_t layer = 0; layer < kBlocks.size(); ++layer) {
    const std::int64_t width = kStemWidth << layer;
    const std::int64_t out = width * kExpansion;
    for (std::int64_t block = 0; block < kBlocks[layer]; ++block) {
      const std::string name = fmt::format("visual.layer{}.{}.", layer + 1, block);
      plan.push_back({{name + "conv1", name + "bn1", in, width, 1},
                      {name + "conv2", name + "bn2", width, width, 3},
                      {name + "conv3", name + "bn3", width, out, 1},
                      {},
                      block == 0 && layer > 0});
      if (block == 0) {
        plan.back().shortcut = NormedConv{name + "downsample.0", name + "downsample.1", in, out, 1};
      }
      in = out;
    }
  }
  return plan;
}

void want(std::vector<WantedWeight>& wanted, const NormedConv& plan) {
  want_normed_conv(wanted, plan.conv, plan.norm, {plan.out, plan.in, plan.kernel, plan.kernel});
}

PackedConv folded(const NormedConv& plan, const NamedWeights& weights, c10::Device device) {
  const FoldedConv conv = fold_batch_norm(weights, plan.conv, plan.norm, kBatchNormEpsilon);
  return PackedConv(conv.weight.to(device), conv.bias.to(device), plan.stride, plan.kernel / 2);
}

}  // namespace

std::vector<WantedWeight> clip_image_weights() {
  std::vector<WantedWeight> wanted;
  for (const NormedConv& conv : stem_plan()) {
    want(wanted, conv);
  }
  for (const BlockPlan& block : block_plan()) {
    want(wanted, block.reduce);
    want(wanted, block.filter);
    want(wanted, block.expand);
    if (block.shortcut) {
      want(wanted, *block.shortcut);
    }
  }
  wanted.push_back({"visual.attnpool.positional_embedding", {kTrainedPositions, kMapWidth}});
  for (const char* part : {"k_proj", "q_proj", "v_proj", "c_proj"}) {
    const std::string name = fmt::format("visual.attnpool.{}.", part);
    const std::int64_t out = *part == 'c' ? kFeatureWidth : kMapWidth;
    wanted.push_back({name + "weight", {out, kMapWidth}});
    wanted.push_back({name + "bias", {out}});
  }
  return wanted;
}

ClipImage::ClipImage(const NamedWeights& weights, c10::Device device)
    : scaling_(
          {1 / kClipDeviation[0], 1 / kClipDeviation[1], 1 / kClipDeviation[2]},
          {-kClipMean[0] / kClipDeviation[0], -kClipMean[1] / kClipDeviation[1], -kClipMean[2] / kClipDeviation[2]},
          device) {
  const at::NoGradGuard no_gradients;
  for (const NormedConv& conv : stem_plan()) {
    stem_.push_back(folded(conv, weights, device));
  }
  for (const BlockPlan& block : block_plan()) {
    blocks_.push_back({folded(block.reduce, weights, device), folded(block.filter, weights, device),
                       folded(block.expand, weights, device), std::nullopt, block.halves});
    if (block.shortcut) {
      blocks_.back().shortcut = folded(*block.shortcut, weights, device);
    }
  }
  const auto pool = [&](const char* part) {
    return weights.at(fmt::format("visual.attnpool.{}", part)).to(device, at::kFloat);
  };
  const double root = std::sqrt(static_cast<double>(kMapWidth / kHeads));
  query_weight_ = pool("q_proj.weight") / root;
  query_bias_ = pool("q_proj.bias") / root;
  key_weight_ = pool("k_proj.weight").unflatten(0, {kHeads, -1});
  value_weight_ = pool("v_proj.weight").unflatten(0, {kHeads, -1}).transpose(1, 2);
  value_bias_ = pool("v_proj.bias");
  out_weight_ = pool("c_proj.weight");
  out_bias_ = pool("c_proj.bias");
}

at::Tensor ClipImage::operator()(const at::Tensor& images) const {
  at::Tensor x = scaling_(images);
  for (const PackedConv& conv : stem_) {
    x = conv.relu(x);
  }
  x = halved(x);
  for (const Block& block : blocks_) {
    const at::Tensor identity = block.shortcut ? (*block.shortcut)(block.halves ? halved(x) : x) : x;
    const at::Tensor filtered = block.filter.relu(block.reduce.relu(x));
    x = block.expand.add_relu(block.halves ? halved(filtered) : filtered, identity);
  }
  return pooled(x);
}

/// Attention of one query, made from the mean, over the mean m and the positions x_i. Keys and values need not be
/// computed: q·(K x + b) is (K'q)·x + q·b, whose last term is the same for all, and sum a_i V x_i is V sum a_i x_i.
/// The mean's own score is the mean of the scores, and its share goes to all positions alike.
at::Tensor ClipImage::pooled(const at::Tensor& map) const {
  const at::Tensor positions = map.permute({0, 2, 3, 1}).flatten(1, 2);  // (B, N, 2048)
  const at::Tensor query = at::linear(positions.mean(1), query_weight_, query_bias_).unflatten(1, {kHeads, -1});
  const at::Tensor folded_query = at::bmm(query.transpose(0, 1), key_weight_).transpose(0, 1);  // (B, heads, 2048)
  const at::Tensor scores = at::matmul(folded_query, positions.transpose(1, 2));                // (B, heads, N)
  const at::Tensor shares = at::cat({scores.mean(2, true), scores}, 2).softmax(2);
  const at::Tensor of_positions = shares.slice(2, 1) + shares.slice(2, 0, 1) / positions.size(1);
  const at::Tensor mean = at::matmul(of_positions, positions);  // (B, heads, 2048)
  const at::Tensor values = at::bmm(mean.transpose(0, 1), value_weight_).transpose(0, 1).flatten(1) + value_bias_;
  return at::linear(values, out_weight_, out_bias_);
}

}  // namespace samsr
