#include "models/unet/unet_swin.h"

#include "core/error.h"
#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/normalise.h"
#include "models/layers/recompute.h"
#include "models/unet/step_embedding.h"
#include "models/unet/swin.h"

namespace samsr {
namespace {

constexpr std::int64_t kEmbeddingFactor = 4;

void append(torch::nn::ModuleListImpl& list, const std::vector<std::shared_ptr<UNetLayer>>& block) {
  auto layers = std::make_shared<torch::nn::ModuleListImpl>();
  for (const auto& layer : block) {
    layers->push_back(layer);
  }
  list.push_back(layers);
}

/// second(SiLU(first(e(numbers)))): (B) -> (B,E).
at::Tensor of_sinusoids(AdaptableLinear& first, AdaptableLinear& second, const at::Tensor& numbers) {
  return second(at::silu(first(step_embedding(numbers, first->weight.size(1)).to(first->weight.dtype()))));
}

}  // namespace

std::shared_ptr<UNetLayer> UNetSwinImpl::residual(std::int64_t in, std::int64_t out, Resample resample) const {
  return std::make_shared<ResBlock>(ResBlock::Options{in, out, kEmbeddingFactor * settings_.model_channels,
                                                      settings_.dropout, settings_.use_scale_shift_norm, resample});
}

std::shared_ptr<UNetLayer> UNetSwinImpl::swin(std::int64_t level) const {
  return std::make_shared<SwinLayer>(SwinLayer::Options{settings_.channels(level), settings_.swin_embed_dim,
                                                        settings_.swin_embed_dim / settings_.num_head_channels,
                                                        settings_.window(level), settings_.resolution(level),
                                                        settings_.swin_depth, settings_.mlp_ratio, settings_.dropout});
}

std::shared_ptr<UNetLayer> UNetSwinImpl::resampling(std::int64_t level, Resample direction) const {
  const std::int64_t channels = settings_.channels(level);
  if (settings_.resblock_updown) {
    return residual(channels, channels, direction);
  }
  if (direction == Resample::kDown) {
    return std::make_shared<Downsample>(channels, settings_.conv_resample);
  }
  return std::make_shared<Upsample>(channels, settings_.conv_resample);
}

UNetSwinImpl::UNetSwinImpl(const UNetSettings& settings) : settings_(settings) {
  settings.check();
  const std::int64_t levels = settings.levels();
  const std::int64_t embedding = kEmbeddingFactor * settings.model_channels;
  embed1_ = AdaptableLinear(settings.model_channels, embedding);
  embed2_ = AdaptableLinear(embedding, embedding);
  register_module("time_embed", named_slots({{"0", embed1_.ptr()}, {"2", embed2_.ptr()}}));

  const auto input_blocks = register_module("input_blocks", std::make_shared<torch::nn::ModuleListImpl>());
  std::int64_t channels = settings.channels(0);
  in_conv_ = adaptable_conv(settings.in_channels + settings.noise_channels, channels, 3);
  input_blocks->push_back(named_slots({{"0", in_conv_.ptr()}}));
  std::vector<std::int64_t> skips = {channels};
  for (std::int64_t level = 0; level < levels; ++level) {
    for (std::int64_t i = 0; i < settings.num_res_blocks[static_cast<std::size_t>(level)]; ++i) {
      Block block;
      block.push_back(residual(channels, settings.channels(level)));
      channels = settings.channels(level);
      if (i == 0 && settings.attends(level)) {
        block.push_back(swin(level));
      }
      append(*input_blocks, block);
      down_.push_back(std::move(block));
      skips.push_back(channels);
    }
    if (level + 1 < levels) {
      down_.push_back({resampling(level, Resample::kDown)});
      append(*input_blocks, down_.back());
      feature_blocks_.push_back(skips.size());
      skips.push_back(channels);
    }
  }
  feature_blocks_.push_back(skips.size() - 1);

  middle_ = {residual(channels, channels), swin(levels - 1), residual(channels, channels)};
  const auto middle = register_module("middle_block", std::make_shared<torch::nn::ModuleListImpl>());
  for (const auto& layer : middle_) {
    middle->push_back(layer);
  }

  const auto output_blocks = register_module("output_blocks", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t level = levels - 1; level >= 0; --level) {
    const std::int64_t last = settings.num_res_blocks[static_cast<std::size_t>(level)];
    for (std::int64_t i = 0; i <= last; ++i) {
      Block block;
      block.push_back(residual(channels + skips.back(), settings.channels(level)));
      skips.pop_back();
      channels = settings.channels(level);
      if (i == 0 && settings.attends(level)) {
        block.push_back(swin(level));
      }
      if (i == last && level > 0) {
        block.push_back(resampling(level, Resample::kUp));
      }
      append(*output_blocks, block);
      up_.push_back(std::move(block));
    }
  }

  out_norm_ = group_norm(channels);
  out_conv_ = adaptable_conv(channels, settings.out_channels, 3);
  zero_parameters(*out_conv_);
  register_module("out", named_slots({{"0", out_norm_.ptr()}, {"2", out_conv_.ptr()}}));

  if (settings.flow_map) {
    interval1_ = AdaptableLinear(settings.model_channels, embedding);
    interval2_ = AdaptableLinear(embedding, embedding);
    zero_parameters(*interval2_);
    register_module("interval_embed", named_slots({{"0", interval1_.ptr()}, {"2", interval2_.ptr()}}));
    prompts_ = register_module("prompt_embed", torch::nn::Embedding(2, embedding));
    zero_parameters(*prompts_);
  }
}

at::Tensor UNetSwinImpl::with_condition(const at::Tensor& x, const at::Tensor& lq) const {
  if (!settings_.cond_lq) {
    return x;
  }
  TORCH_CHECK(lq.defined() && lq.dim() == 4 && lq.size(0) == x.size(0), "UNetSwin: lq must be (B,3,H,W)");
  at::Tensor condition = lq;
  const std::int64_t fold = lq.size(2) / x.size(2);
  const std::int64_t enlarge = x.size(2) / lq.size(2);
  if (fold > 1) {
    condition = at::pixel_unshuffle(lq, fold);
  } else if (enlarge > 1) {
    condition = at::upsample_nearest2d(lq, {enlarge * lq.size(2), enlarge * lq.size(3)});
  }
  TORCH_CHECK(condition.size(2) == x.size(2) && condition.size(3) == x.size(3), "UNetSwin: lq ", lq.sizes(),
              " does not fit the latent ", x.sizes(), " by a whole factor");
  const std::int64_t noise = settings_.noise_channels;
  TORCH_CHECK(x.size(1) > noise, "UNetSwin: ", x.sizes(), " has no latent before ", noise, " channels of noise");
  const std::int64_t latent = x.size(1) - noise;
  return noise == 0 ? at::cat({x, condition}, 1)
                    : at::cat({x.narrow(1, 0, latent), condition, x.narrow(1, latent, noise)}, 1);
}

at::Tensor UNetSwinImpl::run(const Block& block, const std::vector<at::Tensor>& maps,
                             const at::Tensor& embedding) const {
  std::vector<at::Tensor> inputs = maps;
  for (const auto& layer : block) {
    const TensorFunction function = [&layer](const std::vector<at::Tensor>& of) {
      return layer->forward(of.size() == 2 ? of[0] : at::cat({of[0], of[1]}, 1), of.back());
    };
    inputs.push_back(embedding);
    inputs = {recompute_ ? recomputed(function, inputs, layer->parameters()) : function(inputs)};
  }
  return inputs.front();
}

void UNetSwinImpl::recompute_activations(bool recompute) {
  if (recompute && settings_.dropout > 0) {
    throw UserError("unet.dropout is {}: activations can only be recomputed without dropout, which would drop others",
                    settings_.dropout);
  }
  recompute_ = recompute;
}

at::Tensor UNetSwinImpl::embedding_of(const at::Tensor& steps) {
  TORCH_CHECK(!settings_.flow_map, "UNetSwin: a flow map is asked at a FlowMapPlace, not at steps");
  TORCH_CHECK(steps.dim() == 1, "UNetSwin: steps must be (B), got ", steps.sizes());
  return of_sinusoids(embed1_, embed2_, steps);
}

at::Tensor UNetSwinImpl::embedding_of(const FlowMapPlace& place) {
  TORCH_CHECK(settings_.flow_map, "UNetSwin: without unet.flow_map it has no embedding of intervals and prompts");
  TORCH_CHECK(place.time.dim() == 1 && place.interval.sizes() == place.time.sizes() &&
                  place.prompt.sizes() == place.time.sizes(),
              "UNetSwin: time, interval and prompt must be (B), got ", place.time.sizes(), ", ", place.interval.sizes(),
              " and ", place.prompt.sizes());
  // Chosen rather than looked up: the gradient of looked-up rows is added up in any order on a GPU.
  const at::Tensor& prompts = prompts_->weight;
  const at::Tensor prompt = at::where(place.prompt.eq(0).unsqueeze(1), prompts[0], prompts[1]);
  return of_sinusoids(embed1_, embed2_, place.time) + of_sinusoids(interval1_, interval2_, place.interval) + prompt;
}

UNetSwinImpl::Encoded UNetSwinImpl::encode(const at::Tensor& x, const at::Tensor& embedding, const at::Tensor& lq) {
  const std::int64_t multiple = size_multiple();
  TORCH_CHECK(x.dim() == 4 && x.size(2) % multiple == 0 && x.size(3) % multiple == 0,
              "UNetSwin: height and width of the latent must be multiples of ", multiple, ", got ", x.sizes());
  TORCH_CHECK(embedding.size(0) == x.size(0), "UNetSwin: ", embedding.size(0), " steps for a batch of ", x.size(0));
  const at::Tensor input = with_condition(x, lq);
  TORCH_CHECK(input.size(1) == settings_.in_channels + settings_.noise_channels,
              "UNetSwin: latent, condition and noise have ", input.size(1), " channels, unet.in_channels is ",
              settings_.in_channels, " and unet.noise_channels ", settings_.noise_channels);

  at::Tensor h = in_conv_(input);
  std::vector<at::Tensor> skips = {h};
  for (const Block& block : down_) {
    h = run(block, {h}, embedding);
    skips.push_back(h);
  }
  return {run(middle_, {h}, embedding), embedding, std::move(skips)};
}

at::Tensor UNetSwinImpl::decode(Encoded encoded) {
  auto& [h, embedding, skips] = encoded;
  for (const Block& block : up_) {
    h = run(block, {h, skips.back()}, embedding);
    skips.pop_back();
  }
  return out_conv_(normalised(out_norm_, h, Activation::kSilu));
}

std::vector<at::Tensor> UNetSwinImpl::features_of(const Encoded& encoded) const {
  std::vector<at::Tensor> features;
  for (const std::size_t block : feature_blocks_) {
    features.push_back(encoded.skips[block]);
  }
  features.push_back(encoded.middle);
  return features;
}

at::Tensor UNetSwinImpl::middle(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) {
  return encode(x, embedding_of(steps), lq).middle;
}

std::vector<at::Tensor> UNetSwinImpl::encoder_features(const at::Tensor& x, const at::Tensor& steps,
                                                       const at::Tensor& lq) {
  return features_of(encode(x, embedding_of(steps), lq));
}

std::vector<at::Tensor> UNetSwinImpl::encoder_features(const at::Tensor& x, const FlowMapPlace& place,
                                                       const at::Tensor& lq) {
  return features_of(encode(x, embedding_of(place), lq));
}

at::Tensor UNetSwinImpl::forward(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) {
  return decode(encode(x, embedding_of(steps), lq));
}

at::Tensor UNetSwinImpl::velocity(const at::Tensor& x, const FlowMapPlace& place, const at::Tensor& lq) {
  return decode(encode(x, embedding_of(place), lq));
}

}  // namespace samsr
