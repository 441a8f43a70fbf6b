#include "models/perceptual/lpips_network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <span>

#include "models/perceptual/lpips_difference.h"
#include "models/perceptual/trunk_layers.h"
#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

// From [-1,1] to the trunk's normalisation, as LPIPS has it.
constexpr std::array<double, 3> kShift = {-0.030, -0.088, -0.188};
constexpr std::array<double, 3> kScale = {0.458, 0.448, 0.450};

std::span<const TrunkLayer> layers_of(LpipsTrunk trunk) {
  return trunk == LpipsTrunk::kAlex ? std::span<const TrunkLayer>(kAlexNet) : std::span<const TrunkLayer>(kVgg16);
}

std::string linear_name(std::size_t layer) { return fmt::format("lin{}.model.1.weight", layer); }

at::Tensor max_pooled(LpipsTrunk trunk, const at::Tensor& x) {
  const std::int64_t side = trunk == LpipsTrunk::kAlex ? 3 : 2;
  return at::max_pool2d(x, side, 2);
}

}  // namespace

std::vector<WantedWeight> lpips_trunk_weights(LpipsTrunk trunk) { return trunk_weights(layers_of(trunk)); }

std::vector<WantedWeight> lpips_linear_weights(LpipsTrunk trunk) {
  std::vector<WantedWeight> wanted;
  for (const TrunkLayer& layer : layers_of(trunk)) {
    if (layer.compared) {
      wanted.push_back({linear_name(wanted.size()), {1, layer.out, 1, 1}});
    }
  }
  return wanted;
}

LpipsNetwork::LpipsNetwork(LpipsTrunk trunk, const NamedWeights& trunk_weights, const NamedWeights& linear_weights,
                           c10::Device device, bool passes_gradients)
    : trunk_(trunk),
      passes_gradients_(passes_gradients),
      scaling_({2 / kScale[0], 2 / kScale[1], 2 / kScale[2]},
               {(-1 - kShift[0]) / kScale[0], (-1 - kShift[1]) / kScale[1], (-1 - kShift[2]) / kScale[2]}, device) {
  const at::NoGradGuard no_gradients;
  std::size_t compared = 0;
  for (const TrunkLayer& layer : layers_of(trunk)) {
    const auto weight = [&](const NamedWeights& weights, const std::string& name) {
      const at::Tensor found = weights.at(name).to(device, at::kFloat);
      weight_bytes_ += found.nbytes();
      return found;
    };
    const at::Tensor filters = weight(trunk_weights, feature_name(layer, "weight"));
    const at::Tensor bias = weight(trunk_weights, feature_name(layer, "bias"));
    layers_.push_back({layer.pooled, PackedConv(filters, bias, layer.stride, layer.padding, passes_gradients),
                       layer.compared ? weight(linear_weights, linear_name(compared++)).flatten() : at::Tensor()});
  }
}

template <class Use>
void LpipsNetwork::pass(const at::Tensor& images, Use use) const {
  at::Tensor x = scaling_(images);
  for (const Layer& layer : layers_) {
    x = layer.conv.relu(layer.pooled ? max_pooled(trunk_, x) : x);
    if (layer.channel_weights.defined()) {
      use(x, layer.channel_weights);
    }
  }
}

at::Tensor LpipsNetwork::distance(const at::Tensor& pred, const at::Tensor& ref) const {
  at::Tensor sum;
  const auto add = [&](const at::Tensor& features, const at::Tensor& channel_weights) {
    const at::Tensor part = lpips_difference(features, channel_weights);
    sum = sum.defined() ? sum + part : part;
  };
  if (!passes_gradients_) {
    pass(at::cat({pred, ref}), add);
    return sum;
  }
  // Apart, so that nothing of the references' pass is kept for a backward pass.
  std::vector<at::Tensor> of_ref;
  {
    const at::NoGradGuard no_gradients;
    pass(ref, [&](const at::Tensor& features, const at::Tensor&) { of_ref.push_back(features); });
  }
  std::size_t layer = 0;
  pass(pred, [&](const at::Tensor& features, const at::Tensor& channel_weights) {
    add(at::cat({features, of_ref[layer++]}), channel_weights);
  });
  return sum;
}

std::int64_t LpipsNetwork::smallest_side() const {
  return trunk_ == LpipsTrunk::kAlex ? 31 : 16;  // one position is left at the end
}

LpipsNetwork read_lpips_network(LpipsTrunk trunk, const std::filesystem::path& trunk_file,
                                const std::filesystem::path& linear_file, c10::Device device, bool passes_gradients) {
  const auto classifier = [](std::string_view name) { return name.starts_with("classifier."); };
  const auto none = [](std::string_view) { return false; };
  const std::string name = lpips_trunk_name(trunk);
  const NamedWeights of_trunk =
      read_fitting_weights(trunk_file, lpips_trunk_weights(trunk), fmt::format("the {} of LPIPS", name), classifier);
  const NamedWeights linear_weights =
      read_fitting_weights(linear_file, lpips_linear_weights(trunk), fmt::format("LPIPS on {}", name), none);
  return LpipsNetwork(trunk, of_trunk, linear_weights, device, passes_gradients);
}

const char* lpips_trunk_name(LpipsTrunk trunk) { return trunk == LpipsTrunk::kAlex ? "AlexNet" : "VGG-16"; }

}  // namespace samsr
