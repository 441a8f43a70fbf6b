#pragma once
// DASR (arXiv 2203.14216): a network whose kernels are mixtures of experts, and the predictor that mixes them for a
// picture. Official names (csjliang/DASR, basicsr/archs), two files: net_g and net_p.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/weights/safetensors.h"

namespace samsr {

struct DasrGeneratorSettings {
  std::int64_t num_in_ch = 3;
  std::int64_t num_out_ch = 3;
  std::int64_t num_feat = 64;
  std::int64_t num_block = 16;
  std::int64_t num_models = 5;
  std::int64_t upscale = 4;  ///< 2, 3 or 4

  std::int64_t reach() const { return 2 + 2 * num_block + 2; }
  double weight_count() const;
};

struct DasrPredictorSettings {
  std::int64_t in_nc = 3;
  std::int64_t nf = 64;
  std::int64_t num_params = 33;
  std::int64_t num_networks = 5;

  double weight_count() const;
};

/// A 3×3 convolution of K experts: weight (K,out,in,3,3), bias (K,out).
class DynamicConv : public torch::nn::Module {
 public:
  DynamicConv(std::int64_t in, std::int64_t out, std::int64_t experts);
  /// x (B,in,H,W), shares (B,K) of the experts for each image, taken as they are -> (B,out,H,W).
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shares);

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

/// DASR's network.
class MSRResNetDynamicImpl : public torch::nn::Module {
 public:
  /// UserError for another scale than 2, 3 and 4.
  explicit MSRResNetDynamicImpl(const DasrGeneratorSettings& settings);
  /// x (B,num_in_ch,H,W) RGB in [0,1], shares (B,num_models) -> (B,num_out_ch,sH,sW).
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shares);
  const DasrGeneratorSettings& settings() const { return settings_; }

 private:
  const DasrGeneratorSettings settings_;
  std::shared_ptr<DynamicConv> conv_first_;
  std::vector<std::pair<std::shared_ptr<DynamicConv>, std::shared_ptr<DynamicConv>>> body_;
  std::vector<std::shared_ptr<DynamicConv>> ups_;
  std::shared_ptr<DynamicConv> conv_hr_;
  std::shared_ptr<DynamicConv> conv_last_;
};
TORCH_MODULE(MSRResNetDynamic);

/// What tells a picture's degradation.
class DegradationPredictorImpl : public torch::nn::Module {
 public:
  explicit DegradationPredictorImpl(const DasrPredictorSettings& settings);

  struct Prediction {
    at::Tensor degradation;  ///< (B,num_params)
    at::Tensor shares;       ///< (B,num_networks) of the experts
  };
  /// x (B,in_nc,H,W) RGB in [0,1]. Without gradients the maps of a large picture are made in bands, so that memory
  /// grows with its width alone.
  Prediction forward(const at::Tensor& x);
  const DasrPredictorSettings& settings() const { return settings_; }

 private:
  /// (B,num_params,ceil(H/2),ceil(W/2)).
  at::Tensor maps(const at::Tensor& x);
  at::Tensor mean_of_maps(const at::Tensor& x);

  const DasrPredictorSettings settings_;
  std::vector<torch::nn::Conv2d> convs_;
  torch::nn::Linear map1_{nullptr};
  torch::nn::Linear map2_{nullptr};
};
TORCH_MODULE(DegradationPredictor);

/// Whether these are weights of DASR's network, or of its predictor.
bool is_dasr_generator(const TensorFile& file);
bool is_dasr_predictor(const TensorFile& file);

/// The sizes that a file says. UserError naming `source` where it contradicts itself.
DasrGeneratorSettings dasr_generator_settings_of(const TensorFile& file, const std::string& source);
DasrPredictorSettings dasr_predictor_settings_of(const TensorFile& file, const std::string& source);

}  // namespace samsr
