#include "models/peers/swinir_layers.h"

#include "core/error.h"
#include "models/layers/module_names.h"
#include "models/unet/swin.h"
#include "models/unet/windows.h"

namespace samsr {
namespace {

constexpr double kApart = -100.0;
constexpr double kSwinIrEpsilon = 1e-5;
constexpr double kThreeConvSlope = 0.2;

/// The three stretches that a shift makes of an axis: (length) of 0, 1, 2.
at::Tensor stretches(std::int64_t length, std::int64_t window, std::int64_t shift) {
  at::Tensor stretch = torch::zeros({length});
  stretch.slice(0, length - window).fill_(1);
  stretch.slice(0, length - shift).fill_(2);
  return stretch;
}

torch::nn::LayerNorm swinir_norm(std::int64_t channels) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}).eps(kSwinIrEpsilon));
}

}  // namespace

at::Tensor cyclic_shift_mask(std::int64_t height, std::int64_t width, std::int64_t window, std::int64_t shift) {
  const at::Tensor regions =
      stretches(height, window, shift).unsqueeze(1) * 3 + stretches(width, window, shift).unsqueeze(0);
  const at::Tensor region = windows_of(regions.view({1, 1, height, width}), {window, 0}).view({-1, window * window});
  return (region.unsqueeze(1) != region.unsqueeze(2)).to(torch::kFloat32).mul_(kApart);
}

at::Tensor channel_norm(torch::nn::LayerNorm& norm, const at::Tensor& x) {
  return norm(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

SwinIrAttention::SwinIrAttention(std::int64_t channels, std::int64_t window, std::int64_t heads)
    : heads_(heads), window_(window) {
  bias_table_ =
      register_parameter("relative_position_bias_table", torch::empty({(2 * window - 1) * (2 * window - 1), heads}));
  torch::nn::init::normal_(bias_table_, 0.0, 0.02);
  relative_index_ = register_buffer("relative_position_index", relative_position_index(window));
  qkv_ = register_module("qkv", torch::nn::Linear(channels, 3 * channels));
  proj_ = register_module("proj", torch::nn::Linear(channels, channels));
}

at::Tensor SwinIrAttention::forward(const at::Tensor& windows, const at::Tensor& masks, const at::Tensor& masked) {
  const std::int64_t batch = windows.size(0);
  const std::int64_t count = windows.size(1);
  const std::int64_t positions = window_ * window_;
  const std::int64_t channels = windows.size(3);
  const at::Tensor bias = bias_table_.index_select(0, relative_index_.view(-1))
                              .view({positions, positions, heads_})
                              .permute({2, 0, 1})
                              .unsqueeze(0)
                              .contiguous();
  const std::vector<at::Tensor> qkv = qkv_(windows)
                                          .view({batch * count, positions, 3, heads_, channels / heads_})
                                          .permute({2, 0, 3, 1, 4})
                                          .contiguous()
                                          .unbind();
  at::Tensor attended = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], bias);
  if (masks.defined()) {
    // The shift divides the windows of the last row and column only: these are attended once more, with their masks.
    std::vector<at::Tensor> numbers;
    for (std::int64_t image = 0; image < batch; ++image) {
      numbers.push_back(masked + image * count);
    }
    const at::Tensor divided = at::cat(numbers);
    const at::Tensor scores = (bias + masks.unsqueeze(1)).repeat({batch, 1, 1, 1}).to(bias.scalar_type());
    const auto chosen = [&](const at::Tensor& of) { return of.index_select(0, divided); };
    attended = attended.index_copy(
        0, divided, at::scaled_dot_product_attention(chosen(qkv[0]), chosen(qkv[1]), chosen(qkv[2]), scores));
  }
  return proj_(attended.transpose(1, 2).reshape({batch, count, positions, channels}));
}

SwinIrBlock::SwinIrBlock(const SwinIrLayerOptions& options, bool shifted)
    : window_(options.window), shift_(shifted ? options.window / 2 : 0) {
  if (shift_ > 0) {
    register_buffer("attn_mask", cyclic_shift_mask(options.img_size, options.img_size, window_, shift_));
  }
  norm1_ = register_module("norm1", swinir_norm(options.channels));
  attention_ =
      register_module("attn", std::make_shared<SwinIrAttention>(options.channels, options.window, options.heads));
  norm2_ = register_module("norm2", swinir_norm(options.channels));
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(options.channels) * options.mlp_ratio);
  fc1_ = torch::nn::Linear(options.channels, hidden);
  fc2_ = torch::nn::Linear(hidden, options.channels);
  register_module("mlp", named_slots({{"fc1", fc1_.ptr()}, {"fc2", fc2_.ptr()}}));
}

const SwinIrBlock::Masks& SwinIrBlock::masks_for(const at::Tensor& x) {
  if (shift_ == 0) {
    return cached_;
  }
  const std::int64_t height = x.size(2);
  const std::int64_t width = x.size(3);
  if (cached_.height != height || cached_.width != width || cached_.masks.device() != x.device()) {
    const at::Tensor all = cyclic_shift_mask(height, width, window_, shift_);
    const at::Tensor masked = all.flatten(1).any(1).nonzero().view(-1);
    cached_ = {height, width, all.index_select(0, masked).to(x.device()), masked.to(x.device())};
  }
  return cached_;
}

at::Tensor SwinIrBlock::forward(const at::Tensor& x) {
  const Windows windows{window_, shift_};
  const Masks& masks = masks_for(x);
  const at::Tensor attended = sum_with_windows(
      x, attention_->forward(windows_of(channel_norm(norm1_, x), windows), masks.masks, masks.masked), windows);
  const at::Tensor rows = attended.permute({0, 2, 3, 1});
  return attended + fc2_(at::gelu(fc1_(norm2_(rows)))).permute({0, 3, 1, 2});
}

SwinIrConv::SwinIrConv(std::int64_t channels, bool three) {
  if (!three) {
    convs_ = {ActivatedConv(channels, channels)};
    module_ = convs_.front().ptr();
    return;
  }
  const std::int64_t between = channels / 4;
  convs_ = {ActivatedConv(channels, between), ActivatedConv(between, between, 1), ActivatedConv(between, channels)};
  module_ = named_slots({{"0", convs_[0].ptr()}, {"2", convs_[1].ptr()}, {"4", convs_[2].ptr()}});
}

at::Tensor SwinIrConv::add(const at::Tensor& x, const at::Tensor& other) {
  at::Tensor h = x;
  for (std::size_t i = 0; i + 1 < convs_.size(); ++i) {
    h = convs_[i]->leaky_relu(h, kThreeConvSlope);
  }
  return convs_.back()->add(h, other);
}

SwinIrLayer::SwinIrLayer(const SwinIrLayerOptions& options) : conv_(options.channels, options.three_convs) {
  const auto blocks = std::make_shared<torch::nn::ModuleListImpl>();
  // Windows that cover the whole map have nothing to shift against.
  const bool shifts = options.img_size > options.window;
  for (std::int64_t i = 0; i < options.depth; ++i) {
    blocks_.push_back(std::make_shared<SwinIrBlock>(options, shifts && i % 2 == 1));
    blocks->push_back(blocks_.back());
  }
  register_module("residual_group", named_slots({{"blocks", blocks}}));
  register_module("conv", conv_.module());
}

at::Tensor SwinIrLayer::forward(const at::Tensor& x) {
  at::Tensor h = x;
  for (const auto& block : blocks_) {
    h = block->forward(h);
  }
  return conv_.add(h, x);
}

}  // namespace samsr
