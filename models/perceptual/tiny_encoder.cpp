#include "models/perceptual/tiny_encoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

constexpr std::int64_t kWidth = 64;

/// A layer of the file that has weights: a convolution, or a block of three with a shortcut.
struct TinyLayer {
  std::int64_t number;
  bool block;
  std::int64_t in = kWidth;
  std::int64_t out = kWidth;
  std::int64_t stride = 1;
  bool relu = false;  ///< behind a convolution
  bool bias = true;
};

/// Without the last convolution, to the latent, which nothing looks at.
const std::vector<TinyLayer>& layers() {
  static const std::vector<TinyLayer> all = [] {
    std::vector<TinyLayer> made{{.number = 0, .block = false, .in = 3, .out = 32, .stride = 2, .relu = true},
                                {.number = 2, .block = false, .in = 32, .stride = 2, .relu = true},
                                {.number = 4, .block = true}};
    for (const std::int64_t first : {5, 9, 13}) {
      made.push_back({.number = first, .block = false, .stride = 2, .bias = false});
      for (std::int64_t block = first + 1; block < first + 4; ++block) {
        made.push_back({.number = block, .block = true});
      }
    }
    return made;
  }();
  return all;
}

std::vector<std::string> conv_names(const TinyLayer& layer) {
  const std::string name = std::to_string(layer.number);
  return layer.block ? std::vector{name + ".conv.0", name + ".conv.2", name + ".conv.4"} : std::vector{name};
}

const TinyLayer& layer_of(std::int64_t number) { return *std::ranges::find(layers(), number, &TinyLayer::number); }

bool is_last_conv(std::string_view name) { return name.starts_with("17."); }

}  // namespace

const std::vector<std::int64_t>& tiny_encoder_blocks() {
  static const std::vector<std::int64_t> numbers = [] {
    std::vector<std::int64_t> made;
    for (const TinyLayer& layer : layers()) {
      if (layer.block) {
        made.push_back(layer.number);
      }
    }
    return made;
  }();
  return numbers;
}

std::vector<WantedWeight> tiny_encoder_weights() {
  std::vector<WantedWeight> wanted;
  for (const TinyLayer& layer : layers()) {
    for (const std::string& name : conv_names(layer)) {
      wanted.push_back({name + ".weight", {layer.out, layer.in, 3, 3}});
      if (layer.bias) {
        wanted.push_back({name + ".bias", {layer.out}});
      }
    }
  }
  return wanted;
}

TinyEncoder::TinyEncoder(const NamedWeights& weights, c10::Device device) {
  const at::NoGradGuard no_gradients;
  const auto weight = [&](const std::string& name) {
    const at::Tensor found = weights.at(name).to(device, at::kFloat);
    weight_bytes_ += found.nbytes();
    return found;
  };
  for (const TinyLayer& layer : layers()) {
    layers_.push_back({layer.number, {}});
    for (const std::string& name : conv_names(layer)) {
      const at::Tensor bias = layer.bias ? weight(name + ".bias") : at::Tensor();
      layers_.back().convs.emplace_back(weight(name + ".weight"), bias, layer.stride, /*padding=*/1,
                                        /*passes_gradients=*/true);
    }
  }
}

std::vector<at::Tensor> TinyEncoder::features(const at::Tensor& images, const std::vector<std::int64_t>& blocks) const {
  std::vector<at::Tensor> found;
  at::Tensor x = images;
  for (const Layer& layer : layers_) {
    if (found.size() == blocks.size()) {
      break;
    }
    const TinyLayer& kind = layer_of(layer.number);
    if (!kind.block) {
      x = kind.relu ? layer.convs[0].relu(x) : layer.convs[0](x);
      continue;
    }
    x = at::relu(layer.convs[2](layer.convs[1].relu(layer.convs[0].relu(x))) + x);
    if (blocks[found.size()] == layer.number) {
      found.push_back(x);
    }
  }
  TORCH_CHECK(found.size() == blocks.size(), "blocks that are not ascending, or that the encoder lacks");
  return found;
}

TinyEncoder read_tiny_encoder(const std::filesystem::path& file, c10::Device device) {
  return {read_fitting_weights(file, tiny_encoder_weights(), "the encoder of taesana", is_last_conv), device};
}

}  // namespace samsr
