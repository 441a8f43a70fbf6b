#include "models/discriminators/unet_discriminator.h"

#include <array>
#include <string>

#include "models/layers/basic_layers.h"

namespace samsr {
namespace {

constexpr double kSlope = 0.2;
constexpr std::size_t kDownward = 3;

at::Tensor activated(const at::Tensor& x) { return at::leaky_relu(x, kSlope); }

/// (B,C,H,W) -> (B,C,2H,2W), bilinear, pixels as areas.
at::Tensor enlarged(const at::Tensor& x) {
  return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, /*align_corners=*/false);
}

}  // namespace

UNetDiscriminatorImpl::UNetDiscriminatorImpl(std::int64_t channels) {
  first_ = register_module("conv0", conv(3, channels, 3));
  const auto down = [channels](std::int64_t in, std::int64_t out) {
    return SpectralConvOptions{
        .in = in * channels, .out = out * channels, .kernel = 4, .padding = 1, .stride = 2, .bias = false};
  };
  const auto same = [channels](std::int64_t in, std::int64_t out) {
    return SpectralConvOptions{.in = in * channels, .out = out * channels, .kernel = 3, .bias = false};
  };
  for (const SpectralConvOptions& options :
       {down(1, 2), down(2, 4), down(4, 8), same(8, 4), same(4, 2), same(2, 1), same(1, 1), same(1, 1)}) {
    spectral_.emplace_back(options);
    register_module("conv" + std::to_string(spectral_.size()), spectral_.back());
  }
  last_ = register_module("conv9", conv(channels, 1, 3));
}

at::Tensor UNetDiscriminatorImpl::forward(const std::vector<at::Tensor>& maps, const at::Tensor&,
                                          const std::vector<SpectralVectors>& vectors) {
  TORCH_CHECK(maps.size() == 1 && vectors.size() == spectral_.size(), "UNetDiscriminator: ", maps.size(), " maps and ",
              vectors.size(), " vectors");
  const auto convolved = [&](std::size_t i, const at::Tensor& x) { return activated(spectral_[i](x, vectors[i])); };
  // Channels last, as convolutions of a GPU and of oneDNN are quickest.
  at::Tensor x = activated(first_(maps[0].contiguous(at::MemoryFormat::ChannelsLast)));
  std::array<at::Tensor, kDownward> skips;
  for (std::size_t i = 0; i < kDownward; ++i) {
    skips[i] = x;
    x = convolved(i, x);
  }
  for (std::size_t i = 0; i < kDownward; ++i) {
    x = convolved(kDownward + i, enlarged(x)) + skips[kDownward - 1 - i];
  }
  for (std::size_t i = 2 * kDownward; i < spectral_.size(); ++i) {
    x = convolved(i, x);
  }
  return at_least_float(last_(x).flatten(1));
}

}  // namespace samsr
