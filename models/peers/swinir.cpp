#include "models/peers/swinir.h"

#include <algorithm>

#include "core/error.h"
#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/weight_count.h"

namespace samsr {
namespace {

constexpr double kUpSlope = 0.2;
constexpr double kBeforeUpsampleSlope = 0.01;
constexpr std::int64_t kUpsamplerFeatures = 64;
constexpr std::array<double, 3> kDiv2kMean = {0.4488, 0.4371, 0.4040};

bool is_power_of_two(std::int64_t value) { return value > 0 && (value & (value - 1)) == 0; }

/// How many times the size doubles.
std::int64_t doublings_of(std::int64_t scale) {
  std::int64_t count = 0;
  while (scale > 1) {
    scale /= 2;
    ++count;
  }
  return count;
}

}  // namespace

void SwinIrSettings::check() const {
  if (depths.empty() || depths.size() != num_heads.size()) {
    throw UserError("SwinIR: {} depths and {} num_heads, expected as many, one at least", depths.size(),
                    num_heads.size());
  }
  for (const std::int64_t heads : num_heads) {
    if (heads < 1 || embed_dim % heads != 0) {
      throw UserError("SwinIR: {} channels do not divide into {} heads", embed_dim, heads);
    }
  }
  if (window_size < 2 || img_size < window_size) {
    throw UserError("SwinIR: windows of {} and crops of {} pixels, expected crops no smaller than windows", window_size,
                    img_size);
  }
  if (resi_connection != "1conv" && resi_connection != "3conv") {
    throw UserError("SwinIR: resi_connection is '{}', expected 1conv or 3conv", resi_connection);
  }
  const bool nearest = upsampler == "nearest+conv" && (upscale == 2 || upscale == 4);
  const bool shuffle = upsampler == "pixelshuffle" && (upscale == 3 || is_power_of_two(upscale));
  if (!nearest && !shuffle && !(upsampler == "pixelshuffledirect" && upscale >= 1)) {
    throw UserError(
        "SwinIR: no upsampler '{}' of scale {}; there are nearest+conv (2, 4), pixelshuffle (3, powers of 2) and "
        "pixelshuffledirect",
        upsampler, upscale);
  }
}

double SwinIrSettings::weight_count() const {
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(embed_dim) * mlp_ratio);
  double count = conv_count(in_chans, embed_dim, 3);
  for (const std::int64_t depth : depths) {
    const double block = conv_count(embed_dim, 4 * embed_dim, 1) + conv_count(embed_dim, hidden, 1);
    const std::int64_t between = embed_dim / 4;
    const double conv =
        resi_connection == "3conv" ? conv_count(embed_dim, between, 3) : conv_count(embed_dim, embed_dim, 3);
    count += static_cast<double>(depth) * block + conv;
  }
  return count;
}

SwinIRImpl::SwinIRImpl(const SwinIrSettings& settings)
    : settings_((settings.check(), settings)),
      mean_(torch::zeros({1, settings.in_chans, 1, 1})),
      conv_after_body_(settings.embed_dim, settings.resi_connection == "3conv") {
  const std::int64_t channels = settings.embed_dim;
  const std::int64_t pictures = settings.in_chans;
  if (pictures == 3) {
    for (std::int64_t c = 0; c < 3; ++c) {
      mean_[0][c].fill_(kDiv2kMean[static_cast<std::size_t>(c)]);
    }
  }
  conv_first_ = register_module("conv_first", ActivatedConv(pictures, channels));
  embed_norm_ = torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}));
  register_module("patch_embed", named_slots({{"norm", embed_norm_.ptr()}}));
  const auto layers = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::size_t i = 0; i < settings.depths.size(); ++i) {
    layers_.push_back(std::make_shared<SwinIrLayer>(
        SwinIrLayerOptions{channels, settings.depths[i], settings.num_heads[i], settings.window_size, settings.img_size,
                           settings.mlp_ratio, settings.resi_connection == "3conv"}));
    layers->push_back(layers_.back());
  }
  norm_ = register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels})));
  register_module("conv_after_body", conv_after_body_.module());

  if (settings.upsampler == "pixelshuffledirect") {
    shuffle_ = settings.upscale;
    ups_.emplace_back(channels, pictures * shuffle_ * shuffle_);
    register_module("upsample", named_slots({{"0", ups_.front().ptr()}}));
    return;
  }
  constexpr std::int64_t kFeatures = kUpsamplerFeatures;
  conv_before_upsample_ = ActivatedConv(channels, kFeatures);
  register_module("conv_before_upsample", named_slots({{"0", conv_before_upsample_.ptr()}}));
  if (settings.upsampler == "pixelshuffle") {
    shuffle_ = settings.upscale == 3 ? 3 : 2;
    const auto slots = register_module("upsample", std::make_shared<torch::nn::Module>());
    const std::int64_t count = settings.upscale == 3 ? 1 : doublings_of(settings.upscale);
    for (std::int64_t i = 0; i < count; ++i) {
      ups_.push_back(
          slots->register_module(std::to_string(2 * i), ActivatedConv(kFeatures, kFeatures * shuffle_ * shuffle_)));
    }
  } else {
    for (std::int64_t i = 0; i < doublings_of(settings.upscale); ++i) {
      ups_.push_back(register_module(fmt::format("conv_up{}", i + 1), ActivatedConv(kFeatures, kFeatures)));
    }
    conv_hr_ = register_module("conv_hr", ActivatedConv(kFeatures, kFeatures));
  }
  conv_last_ = register_module("conv_last", ActivatedConv(kFeatures, pictures));
}

at::Tensor SwinIRImpl::features(const at::Tensor& x) {
  at::Tensor h = channel_norm(embed_norm_, x);
  for (const auto& layer : layers_) {
    h = layer->forward(h);
  }
  return channel_norm(norm_, h);
}

at::Tensor SwinIRImpl::enlarged(const at::Tensor& x) {
  if (conv_before_upsample_.is_empty()) {
    return at::pixel_shuffle(ups_.front()->forward(x), shuffle_);
  }
  at::Tensor h = conv_before_upsample_->leaky_relu(x, kBeforeUpsampleSlope);
  if (conv_hr_.is_empty()) {
    for (ActivatedConv& up : ups_) {
      h = at::pixel_shuffle(up->forward(h), shuffle_);
    }
    return conv_last_(h);
  }
  for (ActivatedConv& up : ups_) {
    h = up->leaky_relu(doubled(h), kUpSlope);
  }
  return conv_last_(conv_hr_->leaky_relu(h, kUpSlope));
}

at::Tensor SwinIRImpl::forward(const at::Tensor& x) {
  const std::int64_t window = settings_.window_size;
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.in_chans && x.size(2) % window == 0 && x.size(3) % window == 0,
              "SwinIR: x must be (B,", settings_.in_chans, ",H,W) with H and W multiples of ", window, ", got ",
              x.sizes());
  const at::Tensor mean = mean_.to(x.options());
  const at::Tensor first = conv_first_((x - mean) * settings_.img_range).contiguous(at::MemoryFormat::ChannelsLast);
  return enlarged(conv_after_body_.add(features(first), first)) / settings_.img_range + mean;
}

}  // namespace samsr
