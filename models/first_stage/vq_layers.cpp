#include "models/first_stage/vq_layers.h"

#include <algorithm>

#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"

namespace samsr {
namespace {

constexpr double kEpsilon = 1e-6;
/// Tokens of a latent of 64 × 64, whose scores take 64 MB.
constexpr std::int64_t kTokensAtOnce = 64 * 64;

torch::nn::GroupNorm vq_norm(std::int64_t channels) { return group_norm(channels, kEpsilon); }

}  // namespace

void DdConfig::bind(Settings& settings, const std::string& prefix) {
  constexpr int kWidest = 65536;
  settings.add(prefix + ".double_z", double_z, "two maps a latent channel, as autoencoders with a KL loss have")
      .satisfies("false: not for a VQ autoencoder", [](bool value) { return !value; });
  settings.add(prefix + ".z_channels", z_channels, "channels of the latent before quant_conv").between(1, kWidest);
  settings.add(prefix + ".resolution", resolution, "image size that attn_resolutions refer to").between(1, kWidest);
  settings.add(prefix + ".in_channels", in_channels, "channels of the image")
      .satisfies("3: RGB", [](std::int64_t value) { return value == 3; });
  settings.add(prefix + ".out_ch", out_ch, "channels of the decoded image").satisfies("3: RGB", [](std::int64_t value) {
    return value == 3;
  });
  settings.add(prefix + ".ch", ch, "channels that ch_mult multiplies")
      .satisfies(fmt::format("a positive multiple of {}", kNormGroups),
                 [](std::int64_t value) { return value > 0 && value <= kWidest && value % kNormGroups == 0; });
  settings.add(prefix + ".ch_mult", ch_mult, "channels of each level, as multiples of ch")
      .between(1, 1024)
      .satisfies("1 to 8 levels", [](const auto& levels) { return !levels.empty() && levels.size() <= 8; });
  settings.add(prefix + ".num_res_blocks", num_res_blocks, "residual blocks of each level").between(1, 64);
  settings.add(prefix + ".attn_resolutions", attn_resolutions,
               "feature map sizes, for images of `resolution`, whose blocks are followed by attention");
  settings.add(prefix + ".dropout", dropout, "dropout while training")
      .satisfies("0: the autoencoder is used, not trained", [](double value) { return value == 0; });
  settings.add(prefix + ".padding_mode", padding_mode, "padding of the convolutions").one_of({"zeros"});
}

bool DdConfig::attends(std::int64_t level) const {
  return std::count(attn_resolutions.begin(), attn_resolutions.end(), resolution >> level) > 0;
}

VqResBlock::VqResBlock(std::int64_t in_channels, std::int64_t out_channels) {
  norm1_ = register_module("norm1", vq_norm(in_channels));
  conv1_ = register_module("conv1", conv(in_channels, out_channels, 3));
  norm2_ = register_module("norm2", vq_norm(out_channels));
  conv2_ = register_module("conv2", conv(out_channels, out_channels, 3));
  if (in_channels != out_channels) {
    shortcut_ = register_module("nin_shortcut", conv(in_channels, out_channels, 1));
  }
}

at::Tensor VqResBlock::forward(const at::Tensor& x) {
  const at::Tensor h = conv2_(at::silu(norm2_(conv1_(at::silu(norm1_(x))))));
  return (shortcut_.is_empty() ? x : shortcut_(x)) + h;
}

VqAttention::VqAttention(std::int64_t channels) {
  norm_ = register_module("norm", vq_norm(channels));
  q_ = register_module("q", conv(channels, channels, 1));
  k_ = register_module("k", conv(channels, channels, 1));
  v_ = register_module("v", conv(channels, channels, 1));
  proj_out_ = register_module("proj_out", conv(channels, channels, 1));
}

at::Tensor VqAttention::forward(const at::Tensor& x) {
  const at::Tensor h = norm_(x);
  // Only contiguous tokens get the kernel that never holds all N×N scores, 17 GB for a latent of 256 × 256. It rounds
  // otherwise than the published code, and the nearest code of a vector can depend on that, so small maps do without.
  const bool large = h.size(2) * h.size(3) > kTokensAtOnce;
  const auto tokens = [&](const at::Tensor& map) {
    const at::Tensor rows = map.flatten(2).transpose(1, 2).unsqueeze(1);
    return large ? rows.contiguous() : rows;
  };
  const at::Tensor attended = at::scaled_dot_product_attention(tokens(q_(h)), tokens(k_(h)), tokens(v_(h)));
  return x + proj_out_(attended.squeeze(1).transpose(1, 2).reshape(x.sizes()));
}

VqPyramid::Level VqPyramid::make_level(std::int64_t in, std::int64_t out, std::int64_t blocks, bool attends) {
  Level level;
  for (std::int64_t i = 0; i < blocks; ++i) {
    level.blocks.push_back(std::make_shared<VqResBlock>(i == 0 ? in : out, out));
    if (attends) {
      level.attention.push_back(std::make_shared<VqAttention>(out));
    }
  }
  return level;
}

std::shared_ptr<torch::nn::Module> VqPyramid::level_slots(const Level& level, const std::string& resample_name) {
  auto blocks = std::make_shared<torch::nn::ModuleListImpl>();
  for (const auto& block : level.blocks) {
    blocks->push_back(block);
  }
  auto attention = std::make_shared<torch::nn::ModuleListImpl>();
  for (const auto& layer : level.attention) {
    attention->push_back(layer);
  }
  auto slots = named_slots({{"block", blocks}, {"attn", attention}});
  if (!level.resample.is_empty()) {
    slots->register_module(resample_name, named_slots({{"conv", level.resample.ptr()}}));
  }
  return slots;
}

at::Tensor VqPyramid::run_blocks(const Level& level, at::Tensor h) {
  for (std::size_t i = 0; i < level.blocks.size(); ++i) {
    h = level.blocks[i]->forward(h);
    if (!level.attention.empty()) {
      h = level.attention[i]->forward(h);
    }
  }
  return h;
}

void VqPyramid::register_middle(std::int64_t channels) {
  block1_ = std::make_shared<VqResBlock>(channels, channels);
  attention1_ = std::make_shared<VqAttention>(channels);
  block2_ = std::make_shared<VqResBlock>(channels, channels);
  register_module("mid", named_slots({{"block_1", block1_}, {"attn_1", attention1_}, {"block_2", block2_}}));
}

at::Tensor VqPyramid::run_middle(const at::Tensor& h) {
  return block2_->forward(attention1_->forward(block1_->forward(h)));
}

VqEncoder::VqEncoder(const DdConfig& config) {
  conv_in_ = register_module("conv_in", conv(config.in_channels, config.ch, 3));
  const auto down = register_module("down", std::make_shared<torch::nn::ModuleListImpl>());
  std::int64_t channels = config.ch;
  for (std::int64_t i = 0; i < config.levels(); ++i) {
    Level level = make_level(channels, config.channels(i), config.num_res_blocks, config.attends(i));
    channels = config.channels(i);
    if (i + 1 < config.levels()) {
      level.resample = torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, 3).stride(2));
    }
    down->push_back(level_slots(level, "downsample"));
    down_.push_back(std::move(level));
  }
  register_middle(channels);
  norm_out_ = register_module("norm_out", vq_norm(channels));
  conv_out_ = register_module("conv_out", conv(channels, config.z_channels, 3));
}

at::Tensor VqEncoder::forward(const at::Tensor& image) {
  at::Tensor h = conv_in_(image);
  for (Level& level : down_) {
    h = run_blocks(level, h);
    if (!level.resample.is_empty()) {
      // The official code pads at the right and at the bottom only.
      h = level.resample(at::constant_pad_nd(h, {0, 1, 0, 1}));
    }
  }
  return conv_out_(at::silu(norm_out_(run_middle(h))));
}

VqDecoder::VqDecoder(const DdConfig& config) {
  const std::int64_t levels = config.levels();
  std::int64_t channels = config.channels(levels - 1);
  conv_in_ = register_module("conv_in", conv(config.z_channels, channels, 3));
  register_middle(channels);
  up_.resize(static_cast<std::size_t>(levels));
  for (std::int64_t i = levels - 1; i >= 0; --i) {
    Level& level = up_[static_cast<std::size_t>(i)];
    level = make_level(channels, config.channels(i), config.num_res_blocks + 1, config.attends(i));
    channels = config.channels(i);
    if (i > 0) {
      level.resample = conv(channels, channels, 3);
    }
  }
  const auto up = register_module("up", std::make_shared<torch::nn::ModuleListImpl>());
  for (const Level& level : up_) {
    up->push_back(level_slots(level, "upsample"));
  }
  norm_out_ = register_module("norm_out", vq_norm(channels));
  conv_out_ = register_module("conv_out", conv(channels, config.out_ch, 3));
}

at::Tensor VqDecoder::forward(const at::Tensor& latent) {
  at::Tensor h = run_middle(conv_in_(latent));
  for (auto level = up_.rbegin(); level != up_.rend(); ++level) {
    h = run_blocks(*level, h);
    if (!level->resample.is_empty()) {
      h = level->resample(doubled(h));
    }
  }
  return conv_out_(at::silu(norm_out_(h)));
}

}  // namespace samsr
