#pragma once
// Spectral normalisation (arXiv 1802.05957) of convolutions.

#include <torch/torch.h>

#include <cstdint>

namespace samsr {

/// An estimate of the largest singular vectors of a weight W as (out, rest): u (out), v (rest), of unit length.
struct SpectralVectors {
  at::Tensor u;
  at::Tensor v;
};

struct SpectralConvOptions {
  std::int64_t in;
  std::int64_t out;
  std::int64_t kernel;
  int dimensions = 2;         ///< 1: rows, padded circularly; 2: maps, padded with zeros
  std::int64_t padding = -1;  ///< on each side; -1: kernel / 2
  std::int64_t stride = 1;
  bool bias = true;
};

/// x (B,in,L) or (B,in,H,W) convolved by W / (uᵀWv), and a bias. Parameters `bias`, `weight_orig`, buffers `weight_u`,
/// `weight_v`, as torch's spectral_norm names them.
class SpectralConvImpl : public torch::nn::Module {
 public:
  /// Fresh weights and vectors from torch's default generator.
  explicit SpectralConvImpl(const SpectralConvOptions& options);

  /// The vectors are constants of the gradient. Rows are at least as long as their padding.
  at::Tensor forward(const at::Tensor& x, const SpectralVectors& vectors);

  /// Copies of the vectors as they are.
  SpectralVectors vectors() const;
  /// One power iteration, v = Wᵀu/‖Wᵀu‖, then u = Wv/‖Wv‖; returns copies of the new vectors.
  SpectralVectors advance();

 private:
  const SpectralConvOptions options_;
  at::Tensor bias_;  ///< undefined for none
  at::Tensor weight_;
  at::Tensor u_;
  at::Tensor v_;
};
TORCH_MODULE(SpectralConv);

}  // namespace samsr
