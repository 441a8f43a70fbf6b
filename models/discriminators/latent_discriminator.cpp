#include "models/discriminators/latent_discriminator.h"

#include <numbers>

#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/normalise.h"
#include "models/unet/step_embedding.h"

namespace samsr {
namespace {

constexpr std::size_t kConvsOfALevel = 3;

torch::nn::GroupNorm norm_of_groups(std::int64_t groups, std::int64_t channels) {
  return torch::nn::GroupNorm(torch::nn::GroupNormOptions(groups, channels));
}

/// A convolution along rows of positions.
SpectralConvOptions rows(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return {.in = in, .out = out, .kernel = kernel, .dimensions = 1};
}

}  // namespace

LatentDiscriminatorImpl::LatentDiscriminatorImpl(const DiscriminatorNetworkSettings& settings,
                                                 const std::vector<std::int64_t>& feature_channels,
                                                 std::int64_t embedding_width)
    : slope_(settings.slope), embedding_width_(embedding_width) {
  const auto heads = register_module("heads", std::make_shared<torch::nn::Module>());
  const auto modulations = register_module("emb_layers", std::make_shared<torch::nn::Module>());
  const auto outs = register_module("out_layers", std::make_shared<torch::nn::Module>());
  for (const std::int64_t channels : feature_channels) {
    const std::string name = std::to_string(levels_.size());
    Level level;
    level.first = SpectralConv(rows(channels, channels, 1));
    level.first_norm = norm_of_groups(settings.groups, channels);
    level.second = SpectralConv(rows(channels, channels, settings.kernel));
    level.second_norm = norm_of_groups(settings.groups, channels);
    level.logits = SpectralConv(rows(channels, settings.c_dim, 1));
    level.modulation = torch::nn::Linear(embedding_width, 2 * channels);
    level.norm = group_norm(channels);
    level.conv = conv(channels, channels, 3);
    zero_parameters(*level.conv);
    const auto first = named_slots({{"0", level.first.ptr()}, {"1", level.first_norm.ptr()}});
    const auto second = named_slots({{"0", level.second.ptr()}, {"1", level.second_norm.ptr()}});
    const auto body = named_slots({{"0", first}, {"1", named_slots({{"fn", second}})}});
    heads->register_module(name, named_slots({{"main", body}, {"cls", level.logits.ptr()}}));
    modulations->register_module(name, named_slots({{"1", level.modulation.ptr()}}));
    outs->register_module(name, named_slots({{"0", level.norm.ptr()}, {"3", level.conv.ptr()}}));
    levels_.push_back(std::move(level));
  }
}

at::Tensor LatentDiscriminatorImpl::forward(const std::vector<at::Tensor>& features, const at::Tensor& steps,
                                            const std::vector<SpectralVectors>& vectors) {
  TORCH_CHECK(features.size() == levels_.size() && vectors.size() == kConvsOfALevel * levels_.size(),
              "LatentDiscriminator: ", features.size(), " features and ", vectors.size(), " vectors for ",
              levels_.size(), " levels");
  const auto activated = [this](torch::nn::GroupNorm& norm, const at::Tensor& x) {
    return at::leaky_relu(norm->forward(at_least_float(x)), slope_);
  };
  const at::Tensor embedding =
      at::silu(step_embedding(steps, embedding_width_).to(levels_.front().modulation->weight.dtype()));
  std::vector<at::Tensor> logits;
  for (std::size_t k = 0; k < levels_.size(); ++k) {
    Level& level = levels_[k];
    const SpectralVectors* of = &vectors[kConvsOfALevel * k];
    const auto scale_shift = level.modulation(embedding).chunk(2, 1);
    const at::Tensor map =
        level.conv(normalised(level.norm, features[k], scale_shift[0], scale_shift[1], Activation::kSilu));
    const at::Tensor x = activated(level.first_norm, level.first(map.flatten(2), of[0]));
    const at::Tensor wide = activated(level.second_norm, level.second(x, of[1]));
    logits.push_back(at_least_float(level.logits((x + wide) / std::numbers::sqrt2, of[2]).flatten(1)));
  }
  return at::cat(logits, 1);
}

std::vector<SpectralConv> LatentDiscriminatorImpl::spectral_convs() const {
  std::vector<SpectralConv> convs;
  for (const Level& level : levels_) {
    convs.insert(convs.end(), {level.first, level.second, level.logits});
  }
  return convs;
}

}  // namespace samsr
