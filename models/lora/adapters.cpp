#include "models/lora/adapters.h"

#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"
#include "models/lora/adaptable_layers.h"

namespace samsr {
namespace {

bool matches(const std::string& name, const std::string& target) {
  return fnmatch(target.c_str(), name.c_str(), 0) == 0 || fnmatch(("*." + target).c_str(), name.c_str(), 0) == 0;
}

/// Linear layers and convolutions by name, in order.
std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> layers_of(torch::nn::Module& network) {
  std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> layers;
  for (const auto& each : network.named_modules("", /*include_self=*/false)) {
    const auto* module = each.value().get();
    if (dynamic_cast<const torch::nn::LinearImpl*>(module) != nullptr ||
        dynamic_cast<const torch::nn::Conv2dImpl*>(module) != nullptr) {
      layers.emplace_back(each.key(), each.value());
    }
  }
  return layers;
}

/// The last two parts of layers' names, as targets are written.
std::vector<std::string> usual_targets(const auto& layers) {
  std::vector<std::string> ends;
  for (const auto& [name, layer] : layers) {
    const std::size_t last = name.rfind('.');
    const std::size_t before = last == std::string::npos || last == 0 ? last : name.rfind('.', last - 1);
    ends.push_back(before == std::string::npos ? name : name.substr(before + 1));
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace

std::int64_t add_adapters(torch::nn::Module& network, const LoraSettings& settings, std::uint64_t seed) {
  const auto layers = layers_of(network);
  std::vector<std::pair<std::string, Adaptable*>> chosen;
  for (const auto& [name, layer] : layers) {
    if (std::ranges::any_of(settings.targets, [&](const std::string& target) { return matches(name, target); })) {
      chosen.emplace_back(name, dynamic_cast<Adaptable*>(layer.get()));
      if (chosen.back().second == nullptr) {
        throw UserError("train.lora.targets: {} takes no adapter", name);
      }
    }
  }
  for (const std::string& target : settings.targets) {
    if (std::ranges::none_of(chosen, [&](const auto& each) { return matches(each.first, target); })) {
      throw UserError(
          "train.lora.targets: no linear layer or convolution of the network has a name that ends in '{}'{}", target,
          did_you_mean(target, usual_targets(layers)));
    }
  }
  if (chosen.empty()) {
    throw UserError("train.lora.targets is empty: name the layers that get adapters, or set train.lora.rank=0");
  }
  for (at::Tensor& parameter : network.parameters()) {
    parameter.requires_grad_(false);
  }
  for (const auto& [name, layer] : layers) {
    if (auto* adaptable = dynamic_cast<Adaptable*>(layer.get())) {
      adaptable->freeze();
    }
  }
  torch::manual_seed(seed);
  for (const auto& [name, layer] : chosen) {
    layer->adapt(settings.rank, settings.scaled_by());
  }
  return static_cast<std::int64_t>(chosen.size());
}

void share_frozen_weights(torch::nn::Module& network, torch::nn::Module& other) {
  const auto parameters = network.named_parameters();
  for (auto& each : other.named_parameters()) {
    const at::Tensor& of_network = parameters[each.key()];
    if (!of_network.requires_grad()) {
      each.value().set_data(of_network.detach());
    }
  }
  const auto layers = network.named_modules();
  for (const auto& each : other.named_modules()) {
    if (auto* adaptable = dynamic_cast<Adaptable*>(each.value().get())) {
      adaptable->share_frozen(dynamic_cast<const Adaptable&>(*layers[each.key()]));
    }
  }
  const auto buffers = network.named_buffers();
  for (auto& each : other.named_buffers()) {
    each.value().set_data(buffers[each.key()]);
  }
}

}  // namespace samsr
