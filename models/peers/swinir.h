#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/peers/swinir_layers.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Sizes of a SwinIR, under the official names; the defaults are those of the real-world model M.
struct SwinIrSettings {
  std::int64_t upscale = 4;
  std::int64_t in_chans = 3;
  std::int64_t img_size = 64;  ///< side of the training crops, LR pixels
  std::int64_t window_size = 8;
  double img_range = 1;
  std::vector<std::int64_t> depths = {6, 6, 6, 6, 6, 6};
  std::int64_t embed_dim = 180;
  std::vector<std::int64_t> num_heads = {6, 6, 6, 6, 6, 6};
  double mlp_ratio = 2;
  /// nearest+conv (real-world), pixelshuffle (classical) or pixelshuffledirect (lightweight).
  std::string upsampler = "nearest+conv";
  std::string resi_connection = "1conv";  ///< or 3conv

  /// UserError where they make no network.
  void check() const;
  double weight_count() const;
};

/// SwinIR (arXiv 2108.10257) with the official parameter names.
class SwinIRImpl : public torch::nn::Module {
 public:
  /// UserError as SwinIrSettings::check().
  explicit SwinIRImpl(const SwinIrSettings& settings);
  /// x (B,in_chans,H,W) RGB in [0,1], H and W multiples of window_size -> (B,in_chans,sH,sW).
  at::Tensor forward(const at::Tensor& x);
  const SwinIrSettings& settings() const { return settings_; }

 private:
  at::Tensor features(const at::Tensor& x);
  at::Tensor enlarged(const at::Tensor& x);

  const SwinIrSettings settings_;
  at::Tensor mean_;  ///< (1,C,1,1) of DIV2K's colours
  ActivatedConv conv_first_{nullptr};
  torch::nn::LayerNorm embed_norm_{nullptr};
  std::vector<std::shared_ptr<SwinIrLayer>> layers_;
  torch::nn::LayerNorm norm_{nullptr};
  SwinIrConv conv_after_body_;
  ActivatedConv conv_before_upsample_{nullptr};  ///< none for pixelshuffledirect
  std::vector<ActivatedConv> ups_;               ///< conv_up1 …, or those before pixel shuffles
  std::int64_t shuffle_ = 1;                     ///< side of each pixel shuffle
  ActivatedConv conv_hr_{nullptr};
  ActivatedConv conv_last_{nullptr};
};
TORCH_MODULE(SwinIR);

/// Whether these are weights of a SwinIR.
bool is_swinir(const TensorFile& file);

/// The sizes that a file says; of img_size the default, unless stored masks tell another. UserError naming `source`
/// where it contradicts itself, or is of a SwinIR that does not enlarge.
SwinIrSettings swinir_settings_of(const TensorFile& file, const std::string& source);

}  // namespace samsr
