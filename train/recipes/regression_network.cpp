#include "train/recipes/regression_network.h"

#include "core/error.h"
#include "core/rng.h"
#include "models/layers/channels_last.h"
#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"

namespace samsr {
namespace {

constexpr const char* kRrdbnet = "RRDBNet";
constexpr const char* kSrvgg = "SRVGGNetCompact";

/// BasicSR's default_init_weights(…, 0.1) of the dense blocks: He's normal numbers, a tenth of them, and no biases.
void weaken_dense_blocks(torch::nn::Module& network) {
  constexpr double kShare = 0.1;
  const torch::NoGradGuard no_grad;
  for (auto& parameter : network.named_parameters()) {
    if (parameter.key().find(".rdb") == std::string::npos) {
      continue;
    }
    if (parameter.value().dim() == 1) {
      parameter.value().zero_();
    } else {
      torch::nn::init::kaiming_normal_(parameter.value());
      parameter.value().mul_(kShare);
    }
  }
}

/// A module and its forward pass as a function, which keeps it alive.
template <class Network>
RegressionNetwork made(Network network, std::int64_t multiple) {
  use_channels_last(*network);
  return {network.ptr(), [network](const at::Tensor& lq) mutable { return network->forward(lq); }, multiple};
}

}  // namespace

void NetworkSettings::bind(Settings& settings) {
  settings
      .add(
          "network.type", type,
          "train.recipe=regression: the network that it trains: Real-ESRGAN's large one, for the scales 4, 2 and 1, or "
          "its small one")
      .one_of({kRrdbnet, kSrvgg});
  settings.add("network.num_feat", num_feat, "channels of its maps").between(1, 4096);
  settings.add("network.num_block", num_block, "RRDBNet: residual in residual dense blocks").between(1, 1024);
  settings.add("network.num_grow_ch", num_grow_ch, "RRDBNet: channels that each convolution of a dense block adds")
      .between(1, 4096);
  settings.add("network.num_conv", num_conv, "SRVGGNetCompact: convolutions between the first and the last")
      .between(1, 1024);
}

RegressionNetwork make_regression_network(const NetworkSettings& settings, std::int64_t scale, std::uint64_t seed) {
  torch::manual_seed(derive_seed(seed, "model.weights"));
  if (settings.type == kSrvgg) {
    SrvggSettings sizes;
    sizes.num_feat = settings.num_feat;
    sizes.num_conv = settings.num_conv;
    sizes.upscale = scale;
    return made(SRVGGNetCompact(sizes), 1);
  }
  RRDBNetSettings sizes;
  sizes.num_feat = settings.num_feat;
  sizes.num_block = settings.num_block;
  sizes.num_grow_ch = settings.num_grow_ch;
  sizes = sizes.with_basicsr_scale(scale);
  RRDBNet network(sizes);
  weaken_dense_blocks(*network);
  return made(network, sizes.unshuffle);
}

}  // namespace samsr
