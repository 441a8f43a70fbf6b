#include "models/perceptual/vgg_features.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

/// A convolution, 3×3.
struct VggLayer {
  int number;  ///< in torchvision's `features`
  std::int64_t in;
  std::int64_t out;
  bool pooled;
  bool compared;
};

constexpr std::array<VggLayer, 16> kVgg19 = {{
    {0, 3, 64, false, false},
    {2, 64, 64, false, true},
    {5, 64, 128, true, false},
    {7, 128, 128, false, true},
    {10, 128, 256, true, false},
    {12, 256, 256, false, false},
    {14, 256, 256, false, false},
    {16, 256, 256, false, true},
    {19, 256, 512, true, false},
    {21, 512, 512, false, false},
    {23, 512, 512, false, false},
    {25, 512, 512, false, true},
    {28, 512, 512, true, false},
    {30, 512, 512, false, false},
    {32, 512, 512, false, false},
    {34, 512, 512, false, true},
}};

std::string name_of(const VggLayer& layer, const char* which) {
  return fmt::format("features.{}.{}", layer.number, which);
}

}  // namespace

std::vector<WantedWeight> vgg19_weights() {
  std::vector<WantedWeight> wanted;
  for (const VggLayer& layer : kVgg19) {
    wanted.push_back({name_of(layer, "weight"), {layer.out, layer.in, 3, 3}});
    wanted.push_back({name_of(layer, "bias"), {layer.out}});
  }
  return wanted;
}

VggFeatures::VggFeatures(const NamedWeights& weights, c10::Device device, at::ScalarType type)
    : type_(type), scaling_(imagenet_scaling(device)) {
  const at::NoGradGuard no_gradients;
  for (const VggLayer& layer : kVgg19) {
    layers_.push_back({layer.pooled, layer.compared,
                       weights.at(name_of(layer, "weight")).to(device, type).contiguous(at::MemoryFormat::ChannelsLast),
                       weights.at(name_of(layer, "bias")).to(device, type)});
  }
}

std::vector<at::Tensor> VggFeatures::operator()(const at::Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && images.scalar_type() == type_ &&
                  std::min(images.size(2), images.size(3)) >= kSmallestSide,
              "VggFeatures: images are ", images.sizes(), " ", images.scalar_type());
  std::vector<at::Tensor> features;
  at::Tensor x = scaling_(images.contiguous(at::MemoryFormat::ChannelsLast));
  for (const Layer& layer : layers_) {
    x = at::conv2d(layer.pooled ? at::max_pool2d(x, 2, 2) : x, layer.weight, layer.bias, /*stride=*/1, /*padding=*/1);
    if (layer.compared) {
      features.push_back(x);
    }
    x = at::relu(x);
  }
  return features;
}

std::size_t VggFeatures::weight_bytes() const {
  std::size_t bytes = 0;
  for (const Layer& layer : layers_) {
    bytes += layer.weight.nbytes() + layer.bias.nbytes();
  }
  return bytes;
}

VggFeatures read_vgg_features(const std::filesystem::path& file, c10::Device device) {
  const auto classifier = [](std::string_view name) { return name.starts_with("classifier."); };
  return {read_fitting_weights(file, vgg19_weights(), "VGG-19", classifier), device};
}

}  // namespace samsr
