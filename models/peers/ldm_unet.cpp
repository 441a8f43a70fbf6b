#include "models/peers/ldm_unet.h"

#include <algorithm>

#include "core/error.h"
#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/normalise.h"
#include "models/layers/weight_count.h"
#include "models/peers/peer_keys.h"
#include "models/unet/step_embedding.h"

namespace samsr {
namespace {

constexpr std::int64_t kLdmEmbeddingFactor = 4;

/// Self-attention over all positions of a map, added to it. Of each head's channels queries, keys and values stand
/// together, as in the code before "new attention order".
class LdmAttention : public UNetLayer {
 public:
  LdmAttention(std::int64_t channels, std::int64_t head_channels) : heads_(channels / head_channels) {
    norm_ = register_module("norm", group_norm(channels));
    qkv_ = register_module("qkv", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels, 3 * channels, 1)));
    proj_ = register_module("proj_out", torch::nn::Conv1d(torch::nn::Conv1dOptions(channels, channels, 1)));
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& /*embedding*/) override {
    const std::int64_t images = x.size(0);
    const std::int64_t channels = x.size(1);
    const at::Tensor rows = normalised(norm_, x).permute({0, 2, 3, 1}).flatten(1, 2);
    const std::vector<at::Tensor> qkv = at::linear(rows, qkv_->weight.squeeze(2), qkv_->bias)
                                            .view({images, rows.size(1), heads_, 3, channels / heads_})
                                            .permute({3, 0, 2, 1, 4})
                                            .contiguous()
                                            .unbind();
    const at::Tensor attended =
        at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]).transpose(1, 2).reshape(rows.sizes());
    return x + at::linear(attended, proj_->weight.squeeze(2), proj_->bias)
                   .view({images, x.size(2), x.size(3), channels})
                   .permute({0, 3, 1, 2});
  }

 private:
  const std::int64_t heads_;
  torch::nn::GroupNorm norm_{nullptr};
  torch::nn::Conv1d qkv_{nullptr};
  torch::nn::Conv1d proj_{nullptr};
};

void append_layers(torch::nn::ModuleListImpl& list, const std::vector<std::shared_ptr<UNetLayer>>& block) {
  auto layers = std::make_shared<torch::nn::ModuleListImpl>();
  for (const auto& layer : block) {
    layers->push_back(layer);
  }
  list.push_back(layers);
}

}  // namespace

double LdmUNetSettings::weight_count() const {
  // The way down, less the norms and what is joined on the way up: a lower bound.
  double count = 0;
  std::int64_t in = model_channels;
  for (const std::int64_t mult : channel_mult) {
    const std::int64_t channels = model_channels * mult;
    for (std::int64_t i = 0; i < num_res_blocks; ++i) {
      count += conv_count(in, channels, 3) + conv_count(channels, channels, 3) +
               conv_count(kLdmEmbeddingFactor * model_channels, channels, 1);
      in = channels;
    }
  }
  return 2 * count;
}

LdmUNetImpl::LdmUNetImpl(const LdmUNetSettings& settings) : settings_(settings) {
  const auto channels_of = [&](std::size_t level) { return settings.model_channels * settings.channel_mult[level]; };
  const std::int64_t embedding = kLdmEmbeddingFactor * settings.model_channels;
  if (settings.channel_mult.empty() || settings.model_channels % kNormGroups != 0 || settings.num_head_channels < 1) {
    throw UserError("the UNet of latent diffusion has {} channels in {} levels and {} a head; expected multiples of {}",
                    settings.model_channels, settings.channel_mult.size(), settings.num_head_channels, kNormGroups);
  }
  const auto residual = [&](std::int64_t in, std::int64_t out) {
    return std::make_shared<ResBlock>(ResBlock::Options{in, out, embedding, 0, false, Resample::kNone});
  };
  const auto attention = [&](std::int64_t channels) {
    if (channels % settings.num_head_channels != 0) {
      throw UserError("the UNet of latent diffusion attends to {} channels, which do not divide into heads of {}",
                      channels, settings.num_head_channels);
    }
    return std::make_shared<LdmAttention>(channels, settings.num_head_channels);
  };
  const auto attends = [&](std::size_t level) {
    const auto& factors = settings.attention_resolutions;
    return std::find(factors.begin(), factors.end(), std::int64_t{1} << level) != factors.end();
  };

  embed1_ = torch::nn::Linear(settings.model_channels, embedding);
  embed2_ = torch::nn::Linear(embedding, embedding);
  register_module("time_embed", named_slots({{"0", embed1_.ptr()}, {"2", embed2_.ptr()}}));
  const std::size_t levels = settings.channel_mult.size();
  const auto input_blocks = register_module("input_blocks", std::make_shared<torch::nn::ModuleListImpl>());
  std::int64_t channels = settings.model_channels;
  in_conv_ = conv(settings.in_channels, channels, 3);
  input_blocks->push_back(named_slots({{"0", in_conv_.ptr()}}));
  std::vector<std::int64_t> skips = {channels};
  for (std::size_t level = 0; level < levels; ++level) {
    for (std::int64_t i = 0; i < settings.num_res_blocks; ++i) {
      Block block;
      block.push_back(residual(channels, channels_of(level)));
      channels = channels_of(level);
      if (attends(level)) {
        block.push_back(attention(channels));
      }
      append_layers(*input_blocks, block);
      down_.push_back(std::move(block));
      skips.push_back(channels);
    }
    if (level + 1 < levels) {
      down_.push_back({std::make_shared<Downsample>(channels, true)});
      append_layers(*input_blocks, down_.back());
      skips.push_back(channels);
    }
  }
  middle_ = {residual(channels, channels), attention(channels), residual(channels, channels)};
  const auto middle = register_module("middle_block", std::make_shared<torch::nn::ModuleListImpl>());
  for (const auto& layer : middle_) {
    middle->push_back(layer);
  }
  const auto output_blocks = register_module("output_blocks", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::size_t level = levels; level-- > 0;) {
    for (std::int64_t i = 0; i <= settings.num_res_blocks; ++i) {
      Block block;
      block.push_back(residual(channels + skips.back(), channels_of(level)));
      skips.pop_back();
      channels = channels_of(level);
      if (attends(level)) {
        block.push_back(attention(channels));
      }
      if (i == settings.num_res_blocks && level > 0) {
        block.push_back(std::make_shared<Upsample>(channels, true));
      }
      append_layers(*output_blocks, block);
      up_.push_back(std::move(block));
    }
  }
  out_norm_ = group_norm(channels);
  out_conv_ = conv(channels, settings.out_channels, 3);
  register_module("out", named_slots({{"0", out_norm_.ptr()}, {"2", out_conv_.ptr()}}));
}

at::Tensor LdmUNetImpl::forward(const at::Tensor& x, const at::Tensor& steps) {
  const std::int64_t multiple = settings_.size_multiple();
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.in_channels && x.size(2) % multiple == 0 &&
                  x.size(3) % multiple == 0 && steps.dim() == 1 && steps.size(0) == x.size(0),
              "LdmUNet: x (B,", settings_.in_channels, ",h,w) with h and w multiples of ", multiple,
              " and steps (B) expected, got ", x.sizes(), " and ", steps.sizes());
  const at::Tensor embedding = embed2_(at::silu(embed1_(step_embedding(steps, settings_.model_channels))));
  const auto run = [&](const Block& block, at::Tensor h) {
    for (const auto& layer : block) {
      h = layer->forward(h, embedding);
    }
    return h;
  };
  at::Tensor h = in_conv_(x);
  std::vector<at::Tensor> skips = {h};
  for (const Block& block : down_) {
    h = run(block, h);
    skips.push_back(h);
  }
  h = run(middle_, h);
  for (const Block& block : up_) {
    h = run(block, at::cat({h, skips.back()}, 1));
    skips.pop_back();
  }
  return out_conv_(normalised(out_norm_, h, Activation::kSilu));
}

LdmUNetSettings ldm_unet_settings_of(const TensorFile& unet, const std::string& source) {
  const PeerKeys keys(unet, source, "LDM-SR");
  const auto residual = [](std::int64_t block) { return fmt::format("input_blocks.{}.0.in_layers.2.weight", block); };
  const auto halving = [](std::int64_t block) { return fmt::format("input_blocks.{}.0.op.weight", block); };
  const std::int64_t blocks =
      keys.count([&](std::int64_t i) { return keys.has(residual(i + 1)) ? residual(i + 1) : halving(i + 1); });
  LdmUNetSettings settings;
  settings.in_channels = keys.size("input_blocks.0.0.weight", 1);
  settings.model_channels = keys.size("input_blocks.0.0.weight", 0);
  settings.out_channels = keys.size("out.2.weight", 0);
  settings.num_res_blocks = 0;
  settings.channel_mult.clear();
  settings.attention_resolutions.clear();
  bool fresh = true;  // the next residual block is the first of its level
  for (std::int64_t block = 1; block <= blocks; ++block) {
    if (keys.has(halving(block))) {
      fresh = true;
      continue;
    }
    if (fresh) {
      settings.channel_mult.push_back(keys.size(residual(block), 0) / settings.model_channels);
      if (keys.has(fmt::format("input_blocks.{}.1.qkv.weight", block))) {
        settings.attention_resolutions.push_back(std::int64_t{1} << (settings.channel_mult.size() - 1));
      }
      fresh = false;
    }
    settings.num_res_blocks += settings.channel_mult.size() == 1 ? 1 : 0;
  }
  if (settings.channel_mult.empty() || settings.channel_mult.size() > 16 ||
      *std::min_element(settings.channel_mult.begin(), settings.channel_mult.end()) < 1) {
    throw UserError("{}: looks like the weights of LDM-SR, but its input_blocks are those of no such UNet", source);
  }
  return settings;
}

}  // namespace samsr
