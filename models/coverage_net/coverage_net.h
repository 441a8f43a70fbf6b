#pragma once
// Semantic weights by a small network: W = C / max C of the masks of a picture (SAMSR, Eq. 3-4), learnt from pictures
// and their cached coverage. Unlike a count of masks it has a gradient.

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>

#include "models/coverage_net/coverage_net_settings.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// A U-shaped convolutional network: tiles of fold×fold become channels, three halvings and the mean over the picture
/// give context, since W says how the count at a pixel compares with the largest.
class CoverageNetImpl : public torch::nn::Module {
 public:
  /// Fresh weights from torch's default generator.
  CoverageNetImpl(const CoverageNetSettings& settings, const CoverageNetInput& input);

  const CoverageNetSettings& settings() const { return settings_; }
  const CoverageNetInput& input() const { return input_; }

  /// (B, C, fold·H, fold·W), H and W of any size -> W (B, 1, H, W) in [0, 1], of the weights' type, whatever
  /// autocast does.
  at::Tensor forward(const at::Tensor& picture) { return at::sigmoid(logits(picture)); }
  /// log(W / (1 - W)) of the same.
  at::Tensor logits(const at::Tensor& picture);

 private:
  const CoverageNetSettings settings_;
  const CoverageNetInput input_;
  torch::nn::Conv2d entrance_{nullptr};
  torch::nn::ModuleList down_;  ///< blocks of each level but the last, and the convolution that halves
  torch::nn::Sequential deepest_;
  torch::nn::Conv2d context_{nullptr};
  torch::nn::ModuleList up_;  ///< 1×1 convolution and blocks of each level but the last, deepest first
  torch::nn::Conv2d exit_{nullptr};
};
TORCH_MODULE(CoverageNet);

/// A net with fresh weights, a function of `seed`, channels last; seeds torch's default generator for it.
CoverageNet make_coverage_net(const CoverageNetSettings& settings, const CoverageNetInput& input, std::uint64_t seed);

/// `weights`, state_of() `net` or averages of it, with metadata `format` (samsr-coverage-net/1), `config` (the settings
/// as YAML) and `input` (CoverageNetInput::text).
TensorFile coverage_net_file(const CoverageNetImpl& net, TensorFile weights);

/// Reads a coverage_net_file() for pictures of this first stage and scale; evaluation mode, frozen. UserError when the
/// file is another kind, its pictures were others, or its weights do not fit its settings.
CoverageNet load_coverage_net(const std::filesystem::path& path, const FirstStageSettings& first_stage,
                              std::int64_t scale);

}  // namespace samsr
