#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/layers/activated_conv.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Sizes of an SRVGGNetCompact; the defaults are those of realesr-general-x4v3.
struct SrvggSettings {
  std::int64_t num_in_ch = 3;
  std::int64_t num_out_ch = 3;
  std::int64_t num_feat = 64;
  std::int64_t num_conv = 32;
  std::int64_t upscale = 4;
  std::string act_type = "prelu";  ///< or relu, leakyrelu (slope 0.1)

  /// LR pixels that a result's pixel looks at, to each side.
  std::int64_t reach() const { return num_conv + 2; }
  double weight_count() const;
};

/// Real-ESRGAN's small network: convolutions with PReLU at the LR size, pixel shuffle, added to the picture enlarged by
/// nearest neighbours. Official names (realesrgan/archs/srvgg_arch.py).
class SRVGGNetCompactImpl : public torch::nn::Module {
 public:
  /// UserError for another act_type.
  explicit SRVGGNetCompactImpl(const SrvggSettings& settings);
  /// x (B,num_in_ch,H,W) RGB in [0,1] -> (B,num_out_ch,sH,sW).
  at::Tensor forward(const at::Tensor& x);
  const SrvggSettings& settings() const { return settings_; }

 private:
  at::Tensor activated(std::size_t conv, const at::Tensor& x);

  const SrvggSettings settings_;
  std::vector<ActivatedConv> convs_;
  std::vector<at::Tensor> slopes_;  ///< (num_feat) of each PReLU; empty for the others
};
TORCH_MODULE(SRVGGNetCompact);

/// Whether these are weights of an SRVGGNetCompact: `body.N` and nothing else.
bool is_srvgg(const TensorFile& file);

/// The sizes that a file says. UserError naming `source` where it contradicts itself, or has an activation without
/// weights, which no key tells from another.
SrvggSettings srvgg_settings_of(const TensorFile& file, const std::string& source);

}  // namespace samsr
