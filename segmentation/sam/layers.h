#pragma once
// Small layers that several of Segment Anything's networks share.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace samsr {

/// Normalisation of maps (B,C,H,W) over their channels, position by position.
class LayerNorm2d : public torch::nn::Module {
 public:
  explicit LayerNorm2d(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x);

  static constexpr double kEpsilon = 1e-6;
  at::Tensor weight;  ///< (C)
  at::Tensor bias;    ///< (C)
};

/// Linear layers named layers.0 …, with ReLU between them.
class SamMlp : public torch::nn::Module {
 public:
  SamMlp(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t depth);
  /// (…, in) -> (…, out).
  at::Tensor forward(at::Tensor x);

 private:
  std::vector<torch::nn::Linear> layers_;
};

torch::nn::LayerNorm layer_norm(std::int64_t channels, double epsilon);

}  // namespace samsr
