#include "models/unet/swin.h"

#include <cmath>

#include "core/kernels.h"
#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/normalise.h"
#include "models/unet/windows.h"

namespace samsr {
namespace {

/// The value the official code adds to forbidden scores.
constexpr double kForbidden = -100.0;

/// softmax(q kᵀ/√d + bias) v of (…,P,d) each, bias of any shape that fits the scores.
at::Tensor window_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias) {
  if (!carries_tangent(q)) {
    return at::scaled_dot_product_attention(q, k, v, bias);
  }
  // LibTorch's fused attention has no forward derivative.
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
  return at::matmul(at::softmax(at::matmul(q * scale, k.transpose(-2, -1)) + bias, -1), v);
}

}  // namespace

at::Tensor relative_position_index(std::int64_t window) {
  const at::Tensor axis = torch::arange(window);
  const at::Tensor rows = axis.repeat_interleave(window);
  const at::Tensor columns = axis.repeat({window});
  const at::Tensor row_offset = rows.unsqueeze(1) - rows.unsqueeze(0) + (window - 1);
  const at::Tensor column_offset = columns.unsqueeze(1) - columns.unsqueeze(0) + (window - 1);
  return row_offset * (2 * window - 1) + column_offset;
}

at::Tensor shifted_window_mask(std::int64_t height, std::int64_t width, std::int64_t window, std::int64_t shift) {
  // The stretches that the shift makes of the rows, and with them of each window row: (rows of windows, w).
  at::Tensor stretch = torch::zeros({height});
  stretch.slice(0, height - window).fill_(1);
  stretch.slice(0, height - shift).fill_(2);
  const at::Tensor region = stretch.view({height / window, 1, 1, window})
                                .expand({height / window, width / window, window, window})
                                .reshape({-1, window * window});
  return (region.unsqueeze(1) != region.unsqueeze(2)).to(torch::kFloat32).mul_(kForbidden);
}

WindowAttention::WindowAttention(std::int64_t channels, std::int64_t window, std::int64_t heads, double dropout)
    : heads_(heads), window_(window), dropout_(dropout) {
  const std::int64_t offsets = (2 * window - 1) * (2 * window - 1);
  bias_table_ = register_parameter("relative_position_bias_table", torch::empty({offsets, heads}));
  torch::nn::init::normal_(bias_table_, 0.0, 0.02);
  relative_index_ = register_buffer("relative_position_index", relative_position_index(window));
  qkv_ = register_module("qkv", AdaptableLinear(channels, 3 * channels));
  proj_ = register_module("proj", AdaptableLinear(channels, channels));
}

at::Tensor WindowAttention::position_bias() const {
  const std::int64_t positions = window_ * window_;
  if (cpu_kernels(bias_table_)) {
    return bias_table_.index_select(0, relative_index_.view(-1))
        .view({positions, positions, heads_})
        .permute({2, 0, 1})
        .contiguous();
  }
  // The gradient of picked rows is added up in any order on a GPU, that of overlapping windows in one. Row (y, y') of
  // an axis of the table is y - y' + w-1: the windows begin at w-1 - y'.
  const std::int64_t offsets = 2 * window_ - 1;
  return bias_table_.view({offsets, offsets, heads_})
      .unfold(0, window_, 1)
      .unfold(1, window_, 1)
      .flip({0, 1})
      .permute({2, 3, 4, 0, 1})
      .reshape({heads_, positions, positions});
}

at::Tensor WindowAttention::forward(const at::Tensor& windows, const at::Tensor& mask) {
  const std::int64_t batch = windows.size(0);
  const std::int64_t count = windows.size(1);
  const std::int64_t positions = windows.size(2);
  const std::int64_t channels = windows.size(3);
  const std::int64_t head_channels = channels / heads_;

  const at::Tensor all = (cpu_kernels(windows) ? qkv_(windows) : qkv_->of_rows(windows))
                             .view({batch, count, positions, 3, heads_, head_channels});
  at::Tensor bias = position_bias();
  // Queries, keys and values, taken apart at once: the gradients of three picks would be three zeroed copies of all,
  // added up.
  std::vector<at::Tensor> qkv;
  if (mask.defined()) {
    // The mask differs from window to window, so with a mask the windows of an image are laid out as heads: one bias
    // then serves the whole batch without being repeated for it.
    bias = (bias.unsqueeze(0) + mask.unsqueeze(1)).view({1, count * heads_, positions, positions});
    qkv = all.permute({3, 0, 1, 4, 2, 5})
              .contiguous()
              .view({3, batch, count * heads_, positions, head_channels})
              .unbind();
  } else {
    bias = bias.unsqueeze(0);
    const at::Tensor of_windows =
        all.view({batch * count, positions, 3, heads_, head_channels}).permute({2, 0, 3, 1, 4});
    // The kernels of GPUs read them where they lie.
    qkv = (cpu_kernels(windows) ? of_windows.contiguous() : of_windows).unbind();
  }
  const at::Tensor attended = window_attention(qkv[0], qkv[1], qkv[2], bias.to(all.scalar_type()))
                                  .reshape({batch, count, heads_, positions, head_channels})
                                  .transpose(2, 3)
                                  .reshape({batch, count, positions, channels});
  const at::Tensor projected = cpu_kernels(windows) ? proj_(attended) : proj_->of_rows(attended);
  return at::dropout(projected, dropout_, is_training());
}

SwinBlock::SwinBlock(const Options& options) : options_(options) {
  norm1_ = register_module("norm1", group_norm(options.channels));
  attention_ = register_module(
      "attn", std::make_shared<WindowAttention>(options.channels, options.window, options.heads, options.dropout));
  norm2_ = register_module("norm2", group_norm(options.channels));
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(options.channels) * options.mlp_ratio);
  fc1_ = adaptable_conv(options.channels, hidden, 1);
  fc2_ = adaptable_conv(hidden, options.channels, 1);
  register_module("mlp", named_slots({{"fc1", fc1_.ptr()}, {"fc2", fc2_.ptr()}}));
  if (options.shift > 0) {
    stored_mask_ = register_buffer(
        "attn_mask", shifted_window_mask(options.resolution, options.resolution, options.window, options.shift));
  }
}

at::Tensor SwinBlock::mask_for(std::int64_t height, std::int64_t width, const at::Device& device) {
  if (options_.shift == 0) {
    return {};
  }
  if (height == options_.resolution && width == options_.resolution) {
    return stored_mask_;
  }
  if (cached_.height != height || cached_.width != width || cached_.mask.device() != device) {
    cached_ = {height, width, shifted_window_mask(height, width, options_.window, options_.shift).to(device)};
  }
  return cached_.mask;
}

at::Tensor SwinBlock::forward(const at::Tensor& x) {
  const std::int64_t height = x.size(2);
  const std::int64_t width = x.size(3);
  const Windows windows{options_.window, options_.shift};
  at::Tensor h = attention_->forward(windows_of(normalised(norm1_, x), windows), mask_for(height, width, x.device()));
  const at::Tensor attended = sum_with_windows(x, h, windows);
  const double dropout = options_.dropout;
  h = at::dropout(at::gelu(fc1_->of_points(normalised(norm2_, attended))), dropout, is_training());
  return attended + at::dropout(fc2_->of_points(h), dropout, is_training());
}

SwinLayer::SwinLayer(const Options& options) {
  embed_ = adaptable_conv(options.channels, options.embed_channels, 1);
  unembed_ = adaptable_conv(options.embed_channels, options.channels, 1);
  register_module("patch_embed", named_slots({{"proj", embed_.ptr()}}));
  register_module("patch_unembed", named_slots({{"proj", unembed_.ptr()}}));
  const auto blocks = register_module("blocks", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < options.depth; ++i) {
    // Windows that cover the whole map have nothing to shift against.
    const bool shifted = i % 2 == 1 && options.window < options.resolution;
    blocks_.push_back(std::make_shared<SwinBlock>(
        SwinBlock::Options{options.embed_channels, options.heads, options.window, shifted ? options.window / 2 : 0,
                           options.resolution, options.mlp_ratio, options.dropout}));
    blocks->push_back(blocks_.back());
  }
}

at::Tensor SwinLayer::forward(const at::Tensor& x, const at::Tensor& /*embedding*/) {
  at::Tensor h = embed_->of_points(x);
  for (const auto& block : blocks_) {
    h = block->forward(h);
  }
  return unembed_->of_points(h);
}

}  // namespace samsr
