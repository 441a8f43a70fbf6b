#include "models/perceptual/dists_network.h"

#include <ATen/ATen.h>

#include <array>

#include "models/perceptual/dists_similarity.h"
#include "models/perceptual/trunk_layers.h"
#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

constexpr std::array<std::int64_t, 6> kLevelChannels = {3, 64, 128, 256, 512, 512};
constexpr std::int64_t kChannels = 1475;  // of all levels
constexpr double kPoolFloor = 1e-12;

/// Hanning window 3x3 for each of `channels`: (1 2 1) by (1 2 1) over 16.
at::Tensor pooling_filter(std::int64_t channels) {
  at::Tensor window = at::full({3}, 0.25);
  window[1] = 0.5;
  return at::outer(window, window).expand({channels, 1, 3, 3}).contiguous();
}

/// sqrt(filter * x^2 + 1e-12) at every second position, padded with one zero on each side.
at::Tensor l2_pooled(const at::Tensor& x, const at::Tensor& filter) {
  return at::conv2d(x.square(), filter, {}, /*stride=*/2, /*padding=*/1, /*dilation=*/1, x.size(1))
      .add_(kPoolFloor)
      .sqrt_();
}

}  // namespace

std::vector<WantedWeight> dists_trunk_weights() { return trunk_weights(kVgg16); }

std::vector<WantedWeight> dists_channel_weights() {
  return {{"alpha", {1, kChannels, 1, 1}}, {"beta", {1, kChannels, 1, 1}}};
}

DistsNetwork::DistsNetwork(const NamedWeights& trunk_weights, const NamedWeights& channel_weights, c10::Device device)
    : scaling_(imagenet_scaling(device)) {
  const at::NoGradGuard no_gradients;
  for (const TrunkLayer& layer : kVgg16) {
    const auto weight = [&](const char* which) {
      return trunk_weights.at(feature_name(layer, which)).to(device, at::kFloat);
    };
    layers_.push_back({layer.pooled ? pooling_filter(layer.in).to(device) : at::Tensor(),
                       PackedConv(weight("weight"), weight("bias"), layer.stride, layer.padding), layer.compared});
  }
  const auto of_channels = [&](const char* name) { return channel_weights.at(name).to(device, at::kDouble).flatten(); };
  const at::Tensor alpha = of_channels("alpha");
  const at::Tensor beta = of_channels("beta");
  const at::Tensor total = alpha.sum() + beta.sum();
  alpha_ = (alpha / total).split_with_sizes(kLevelChannels);
  beta_ = (beta / total).split_with_sizes(kLevelChannels);
}

template <class Use>
void DistsNetwork::pass(const at::Tensor& images, Use use) const {
  std::size_t level = 0;
  use(level++, images);
  at::Tensor x = scaling_(images);
  for (const Layer& layer : layers_) {
    x = layer.conv.relu(layer.pool.defined() ? l2_pooled(x, layer.pool) : x);
    if (layer.ends_level) {
      use(level++, x);
    }
  }
}

at::Tensor DistsNetwork::distance(const at::Tensor& pred, const at::Tensor& ref) const {
  at::Tensor similarity;
  pass(at::cat({pred, ref}), [&](std::size_t level, const at::Tensor& features) {
    const at::Tensor part = dists_similarity(features, alpha_[level], beta_[level]);
    similarity = similarity.defined() ? similarity + part : part;
  });
  return 1 - similarity;
}

std::vector<at::Tensor> DistsNetwork::levels(const at::Tensor& images) const {
  std::vector<at::Tensor> found;
  pass(images, [&](std::size_t, const at::Tensor& features) { found.push_back(features); });
  return found;
}

DistsNetwork read_dists_network(const std::filesystem::path& trunk_file, const std::filesystem::path& channel_file,
                                c10::Device device) {
  const auto classifier = [](std::string_view name) { return name.starts_with("classifier."); };
  // A whole network's file repeats torchvision's trunk and the constants.
  const auto no_channel_weight = [](std::string_view name) {
    return name.starts_with("stage") || name == "mean" || name == "std";
  };
  return DistsNetwork(read_fitting_weights(trunk_file, dists_trunk_weights(), "the VGG-16 of DISTS", classifier),
                      read_fitting_weights(channel_file, dists_channel_weights(), "DISTS", no_channel_weight), device);
}

}  // namespace samsr
