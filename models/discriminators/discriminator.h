#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/discriminators/spectral_conv.h"

namespace samsr {

/// A network whose logits are above 0 for what looks real. The vectors of its spectral norms are given to the passes
/// rather than advanced by them, so that they advance once a pass of a training step, into however many microbatches
/// it is cut.
class DiscriminatorImpl : public torch::nn::Module {
 public:
  /// maps: what the discriminator is shown, (B,…) each; steps (B) int64: of the noise on it, undefined for one that is
  /// not told; vectors: of vectors() or advance(). -> logits (B,N), float32 at least.
  virtual at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& steps,
                             const std::vector<SpectralVectors>& vectors) = 0;

  /// Copies of the spectral norms' vectors as they are.
  std::vector<SpectralVectors> vectors() const;
  /// One power iteration of each, which every pass of a training step begins with; returns copies of the new vectors.
  std::vector<SpectralVectors> advance();

 private:
  /// In the order in which forward() takes their vectors.
  virtual std::vector<SpectralConv> spectral_convs() const = 0;
};

/// float32, or wider where x is: logits and what leads to them, under autocast too.
at::Tensor at_least_float(const at::Tensor& x);

}  // namespace samsr
