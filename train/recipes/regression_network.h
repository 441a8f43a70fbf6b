#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/settings.h"

namespace samsr {

/// Which super-resolution network the recipe regression trains, under the official names. Section `network.`.
struct NetworkSettings {
  std::string type = "RRDBNet";
  std::int64_t num_feat = 64;
  std::int64_t num_block = 23;
  std::int64_t num_grow_ch = 32;
  std::int64_t num_conv = 32;

  void bind(Settings& settings);
};

/// A network that makes a HR picture of a LR picture, without noise or steps.
struct RegressionNetwork {
  std::shared_ptr<torch::nn::Module> module{};
  std::function<at::Tensor(const at::Tensor&)> forward{};  ///< (B,3,H,W) in [0,1] -> (B,3,sH,sW), not cut to [0,1]
  std::int64_t multiple = 1;                               ///< H and W are multiples of it
};

/// The network of the settings for `scale`, with fresh weights as the published code draws them, a function of `seed`;
/// seeds torch's default generator for it. UserError for a scale that the network has no form for.
RegressionNetwork make_regression_network(const NetworkSettings& settings, std::int64_t scale, std::uint64_t seed);

}  // namespace samsr
