#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/layers/activated_conv.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Sizes of an RRDBNet; the defaults are those of ESRGAN, BSRGAN and Real-ESRGAN.
struct RRDBNetSettings {
  std::int64_t num_in_ch = 3;
  std::int64_t num_out_ch = 3;
  std::int64_t num_feat = 64;
  std::int64_t num_block = 23;
  std::int64_t num_grow_ch = 32;
  std::int64_t doublings = 2;  ///< of height and width at the end
  std::int64_t unshuffle = 1;  ///< side of the tiles of pixels that become channels first: BasicSR's scales 2 and 1

  std::int64_t scale() const { return (std::int64_t{1} << doublings) / unshuffle; }
  /// LR pixels that a result's pixel looks at, to each side.
  std::int64_t reach() const;
  /// Number of parameters.
  double weight_count() const;
  /// BasicSR's network of this scale, 4, 2 or 1. UserError for other scales.
  RRDBNetSettings with_basicsr_scale(std::int64_t scale) const;
};

/// Convolutions that each see all results before them: y = x + 0.2 · conv5(…), conv1 … conv4 with LeakyReLU(0.2).
class ResidualDenseBlock : public torch::nn::Module {
 public:
  ResidualDenseBlock(std::int64_t features, std::int64_t growth);
  /// (B,features,H,W) -> the same.
  at::Tensor forward(const at::Tensor& x);

 private:
  std::vector<ActivatedConv> convs_;
};

/// Residual in residual dense blocks (arXiv 1809.00219) with the parameter names of BasicSR: the network of ESRGAN,
/// RealSR, BSRGAN and Real-ESRGAN.
class RRDBNetImpl : public torch::nn::Module {
 public:
  explicit RRDBNetImpl(const RRDBNetSettings& settings);
  /// x (B,num_in_ch,H,W) RGB in [0,1], H and W multiples of `unshuffle` -> (B,num_out_ch,sH,sW).
  at::Tensor forward(const at::Tensor& x);
  const RRDBNetSettings& settings() const { return settings_; }

 private:
  const RRDBNetSettings settings_;
  ActivatedConv conv_first_{nullptr};
  std::vector<std::vector<std::shared_ptr<ResidualDenseBlock>>> body_;
  ActivatedConv conv_body_{nullptr};
  std::vector<ActivatedConv> ups_;
  ActivatedConv conv_hr_{nullptr};
  ActivatedConv conv_last_{nullptr};
};
TORCH_MODULE(RRDBNet);

/// Whether these are weights of an RRDBNet in one of its three layouts: BasicSR's, ESRGAN's (and BSRGAN's), or that of
/// ESRGAN's first release.
bool is_rrdbnet(const TensorFile& file);

/// Gives the tensors of any layout BasicSR's names; those that are of none keep theirs.
TensorFile with_basicsr_names(TensorFile file);

/// The sizes that a file with BasicSR's names says. UserError naming `source` where it contradicts itself.
RRDBNetSettings rrdbnet_settings_of(const TensorFile& file, const std::string& source);

}  // namespace samsr
