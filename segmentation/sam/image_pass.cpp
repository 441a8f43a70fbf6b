#include "segmentation/sam/image_pass.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "core/kernels.h"
#include "core/parallel.h"
#include "models/layers/wide_linear.h"
#include "segmentation/sam/image_kernels.h"

namespace samsr {
namespace {

/// Positions at a time: half a MiB of the released networks' images in float32.
constexpr std::int64_t kTile = 512;

}  // namespace

at::Tensor SamImagePass::operator()(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                                    const at::Tensor& queries, at::Tensor& out) const {
  if (!cpu_kernels(image)) {
    return pass_all(image, keys, norm, queries, out);
  }
  at::Tensor means = at::empty(queries.sizes(), at::kFloat);
  in_parallel(queries.size(0), [&](std::int64_t i) {
    at::Tensor to = out[i];
    means[i].copy_(pass_one(image[image.size(0) == 1 ? 0 : i], {keys.keys[i], keys.bias[i], keys.values[i]}, norm,
                            queries[i], to));
  });
  return means;
}

at::Tensor SamImagePass::pass_one(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                                  const at::Tensor& queries, at::Tensor& out) const {
  const std::int64_t positions = image.size(0);
  at::Tensor asked = at::empty({positions, queries.size(0)}, image.options());
  for (std::int64_t first = 0; first < positions; first += kTile) {
    const std::int64_t count = std::min(kTile, positions - first);
    const at::Tensor here = image.narrow(0, first, count);
    const at::Tensor place = positions_.narrow(0, first, count);
    at::Tensor attention = wide_linear(here + place, keys.keys, keys.bias);
    softmax_over_tokens_(attention, heads_);
    at::Tensor normal = out.narrow(0, first, count);
    normalise(here, wide_linear(attention, keys.values, {}), norm->weight, norm->bias, norm->options.eps(), normal);
    asked.narrow(0, first, count).copy_(wide_linear(normal + place, queries, {}));
  }
  const at::Tensor divisors = softmax_over_positions_(asked);
  return wide_linear(asked.t().contiguous(), out.t(), {}).to(at::kFloat) / divisors.unsqueeze(1);
}

at::Tensor SamImagePass::pass_all(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                                  const at::Tensor& queries, at::Tensor& out) const {
  const std::int64_t points = queries.size(0);
  const std::array<std::int64_t, 3> of_scores{points, queries.size(1), positions_.size(0)};
  const at::ScalarType type = image.scalar_type();
  // Scores lie position by position, so that each softmax reads whole lines; x'·k is x·k + positions·k, where the
  // latter is one product for all points, and x' is never made.
  const auto scores_of = [&](const at::Tensor& asking, const at::Tensor& of_positions, const at::Tensor& x) {
    return at::baddbmm(of_positions.view(of_scores), asking, x.transpose(1, 2));
  };
  at::Tensor added;
  {
    const at::Tensor asking = keys.keys.flatten(0, 1);
    const at::Tensor bias = keys.bias.reshape({-1, 1});
    const at::Tensor scores = image.size(0) == 1 ? at::addmm(bias, asking, (image[0] + positions_).t()).view(of_scores)
                                                 : scores_of(keys.keys, at::addmm(bias, asking, positions_.t()), image);
    const at::Tensor attention = at::softmax(scores.view({points, queries.size(1) / heads_, -1}), 1).view(of_scores);
    added = at::baddbmm(image.expand({points, -1, -1}), attention.transpose(1, 2), keys.values.transpose(1, 2));
  }
  out = at::layer_norm(added, norm->weight.sizes(), norm->weight.to(type), norm->bias.to(type), norm->options.eps());
  const at::Tensor asked = at::softmax(scores_of(queries, at::matmul(queries.flatten(0, 1), positions_.t()), out), 2);
  return at::bmm(asked, out).to(at::kFloat);
}

}  // namespace samsr
