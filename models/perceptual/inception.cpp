#include "models/perceptual/inception.h"

#include <ATen/ATen.h>

#include <array>
#include <string>

#include "models/perceptual/folded_conv.h"

namespace samsr {
namespace {

constexpr double kInceptionEpsilon = 1e-3;

/// A convolution of `height` x `width` without bias, padded to keep the size unless `padded` is false, the batch norm
/// behind it and a ReLU.
struct InceptionConv {
  std::string name;
  std::int64_t in;
  std::int64_t out;
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t stride = 1;
  bool padded = true;
};

struct InceptionBranch {
  Inception::Pool pool = Inception::Pool::kNone;
  std::vector<InceptionConv> chain;
  std::vector<InceptionConv> fork{};
};

using InceptionBlock = std::vector<InceptionBranch>;

std::vector<InceptionConv> inception_stem() {
  return {{"Conv2d_1a_3x3", 3, 32, 3, 3, 2, false},
          {"Conv2d_2a_3x3", 32, 32, 3, 3, 1, false},
          {"Conv2d_2b_3x3", 32, 64, 3, 3},
          {"Conv2d_3b_1x1", 64, 80},
          {"Conv2d_4a_3x3", 80, 192, 3, 3, 1, false}};
}

/// Mixed_5b, 5c and 5d.
InceptionBlock block_a(const std::string& name, std::int64_t in, std::int64_t pooled) {
  return {{.chain = {{name + ".branch1x1", in, 64}}},
          {.chain = {{name + ".branch5x5_1", in, 48}, {name + ".branch5x5_2", 48, 64, 5, 5}}},
          {.chain = {{name + ".branch3x3dbl_1", in, 64},
                     {name + ".branch3x3dbl_2", 64, 96, 3, 3},
                     {name + ".branch3x3dbl_3", 96, 96, 3, 3}}},
          {.pool = Inception::Pool::kAverage, .chain = {{name + ".branch_pool", in, pooled}}}};
}

/// Mixed_6a, which halves the map.
InceptionBlock block_b(const std::string& name, std::int64_t in) {
  return {{.chain = {{name + ".branch3x3", in, 384, 3, 3, 2, false}}},
          {.chain = {{name + ".branch3x3dbl_1", in, 64},
                     {name + ".branch3x3dbl_2", 64, 96, 3, 3},
                     {name + ".branch3x3dbl_3", 96, 96, 3, 3, 2, false}}},
          {.pool = Inception::Pool::kHalving, .chain = {}}};
}

/// Mixed_6b to 6e; `width`: of the inner convolutions.
InceptionBlock block_c(const std::string& name, std::int64_t width) {
  constexpr std::int64_t kIn = 768;
  constexpr std::int64_t kOut = 192;
  return {{.chain = {{name + ".branch1x1", kIn, kOut}}},
          {.chain = {{name + ".branch7x7_1", kIn, width},
                     {name + ".branch7x7_2", width, width, 1, 7},
                     {name + ".branch7x7_3", width, kOut, 7, 1}}},
          {.chain = {{name + ".branch7x7dbl_1", kIn, width},
                     {name + ".branch7x7dbl_2", width, width, 7, 1},
                     {name + ".branch7x7dbl_3", width, width, 1, 7},
                     {name + ".branch7x7dbl_4", width, width, 7, 1},
                     {name + ".branch7x7dbl_5", width, kOut, 1, 7}}},
          {.pool = Inception::Pool::kAverage, .chain = {{name + ".branch_pool", kIn, kOut}}}};
}

/// Mixed_7a, which halves the map.
InceptionBlock block_d(const std::string& name, std::int64_t in) {
  return {{.chain = {{name + ".branch3x3_1", in, 192}, {name + ".branch3x3_2", 192, 320, 3, 3, 2, false}}},
          {.chain = {{name + ".branch7x7x3_1", in, 192},
                     {name + ".branch7x7x3_2", 192, 192, 1, 7},
                     {name + ".branch7x7x3_3", 192, 192, 7, 1},
                     {name + ".branch7x7x3_4", 192, 192, 3, 3, 2, false}}},
          {.pool = Inception::Pool::kHalving, .chain = {}}};
}

/// Mixed_7b and 7c, which differ in what they pool.
InceptionBlock block_e(const std::string& name, std::int64_t in, Inception::Pool pool) {
  return {{.chain = {{name + ".branch1x1", in, 320}}},
          {.chain = {{name + ".branch3x3_1", in, 384}},
           .fork = {{name + ".branch3x3_2a", 384, 384, 1, 3}, {name + ".branch3x3_2b", 384, 384, 3, 1}}},
          {.chain = {{name + ".branch3x3dbl_1", in, 448}, {name + ".branch3x3dbl_2", 448, 384, 3, 3}},
           .fork = {{name + ".branch3x3dbl_3a", 384, 384, 1, 3}, {name + ".branch3x3dbl_3b", 384, 384, 3, 1}}},
          {.pool = pool, .chain = {{name + ".branch_pool", in, 192}}}};
}

std::vector<InceptionBlock> inception_blocks() {
  return {block_a("Mixed_5b", 192, 32),
          block_a("Mixed_5c", 256, 64),
          block_a("Mixed_5d", 288, 64),
          block_b("Mixed_6a", 288),
          block_c("Mixed_6b", 128),
          block_c("Mixed_6c", 160),
          block_c("Mixed_6d", 160),
          block_c("Mixed_6e", 192),
          block_d("Mixed_7a", 768),
          block_e("Mixed_7b", 1280, Inception::Pool::kAverage),
          block_e("Mixed_7c", 2048, Inception::Pool::kMaximum)};
}

void want_convs(std::vector<WantedWeight>& wanted, const std::vector<InceptionConv>& convs) {
  for (const InceptionConv& conv : convs) {
    want_normed_conv(wanted, conv.name + ".conv", conv.name + ".bn", {conv.out, conv.in, conv.height, conv.width});
  }
}

std::vector<PackedConv> folded_convs(const std::vector<InceptionConv>& plans, const NamedWeights& weights,
                                     c10::Device device) {
  std::vector<PackedConv> convs;
  for (const InceptionConv& plan : plans) {
    const FoldedConv conv = fold_batch_norm(weights, plan.name + ".conv", plan.name + ".bn", kInceptionEpsilon);
    const std::array<std::int64_t, 2> padding = {plan.padded ? plan.height / 2 : 0, plan.padded ? plan.width / 2 : 0};
    convs.emplace_back(conv.weight.to(device), conv.bias.to(device), plan.stride, padding);
  }
  return convs;
}

at::Tensor max_halved(const at::Tensor& x) { return at::max_pool2d(x, 3, 2); }

/// Adds the result of one branch, or two of its fork, to `parts`.
void add_results(const Inception::Branch& branch, const at::Tensor& map, std::vector<at::Tensor>& parts) {
  if (branch.pool == Inception::Pool::kHalving) {
    parts.push_back(max_halved(map));
    return;
  }
  if (branch.pool == Inception::Pool::kAverage) {
    // A convolution 1x1 and an average over positions can change places; its result has fewer channels.
    parts.push_back(at::avg_pool2d(branch.chain.front()(map), 3, 1, 1, false, /*count_include_pad=*/false).relu_());
    return;
  }
  at::Tensor x = branch.pool == Inception::Pool::kMaximum ? at::max_pool2d(map, 3, 1, 1) : map;
  for (const PackedConv& conv : branch.chain) {
    x = conv.relu(x);
  }
  if (branch.fork.empty()) {
    parts.push_back(x);
  }
  for (const PackedConv& conv : branch.fork) {
    parts.push_back(conv.relu(x));
  }
}

}  // namespace

std::vector<WantedWeight> inception_weights() {
  std::vector<WantedWeight> wanted;
  want_convs(wanted, inception_stem());
  for (const InceptionBlock& block : inception_blocks()) {
    for (const InceptionBranch& branch : block) {
      want_convs(wanted, branch.chain);
      want_convs(wanted, branch.fork);
    }
  }
  return wanted;
}

Inception::Inception(const NamedWeights& weights, c10::Device device) {
  const at::NoGradGuard no_gradients;
  stem_ = folded_convs(inception_stem(), weights, device);
  for (const InceptionBlock& plan : inception_blocks()) {
    std::vector<Branch>& block = blocks_.emplace_back();
    for (const InceptionBranch& branch : plan) {
      block.push_back(
          {branch.pool, folded_convs(branch.chain, weights, device), folded_convs(branch.fork, weights, device)});
    }
  }
}

at::Tensor Inception::features(const at::Tensor& pictures) const {
  TORCH_CHECK(pictures.dim() == 4 && pictures.size(1) == 3 && pictures.size(2) == kSide && pictures.size(3) == kSide,
              "pictures are ", pictures.sizes(), ", expected (B,3,299,299)");
  const at::NoGradGuard no_gradients;
  at::Tensor x = pictures;
  for (std::size_t i = 0; i < stem_.size(); ++i) {
    x = stem_[i].relu(x);
    x = i == 2 || i == 4 ? max_halved(x) : x;
  }
  for (const std::vector<Branch>& block : blocks_) {
    std::vector<at::Tensor> parts;
    for (const Branch& branch : block) {
      add_results(branch, x, parts);
    }
    x = at::cat(parts, 1);
  }
  return x.mean({2, 3});
}

}  // namespace samsr
