#include "segmentation/sam/image_encoder.h"

#include <algorithm>
#include <array>

#include "core/kernels.h"
#include "models/layers/module_names.h"
#include "models/layers/wide_linear.h"
#include "segmentation/sam/relative_attention.h"

namespace samsr {
namespace {

constexpr double kNormEpsilon = 1e-6;
constexpr std::int64_t kMlpRatio = 4;
/// Positions that pass the MLP at a time on a CPU: memory of less than 32 MiB is used again, more is fetched from the
/// system each time, which costs a quarter of the product.
constexpr std::int64_t kMlpTile = 2048;

at::Tensor through(const torch::nn::Linear& linear, const at::Tensor& x) {
  return wide_linear(x, linear->weight, linear->bias);
}

}  // namespace

GridAttention::GridAttention(std::int64_t channels, std::int64_t heads, std::int64_t side) : heads_(heads) {
  const std::int64_t head_channels = channels / heads;
  rel_pos_h_ = register_parameter("rel_pos_h", torch::zeros({2 * side - 1, head_channels}));
  rel_pos_w_ = register_parameter("rel_pos_w", torch::zeros({2 * side - 1, head_channels}));
  qkv_ = register_module("qkv", torch::nn::Linear(channels, 3 * channels));
  proj_ = register_module("proj", torch::nn::Linear(channels, channels));
}

at::Tensor GridAttention::forward(const at::Tensor& x) {
  const std::int64_t batch = x.size(0);
  const std::int64_t height = x.size(1);
  const std::int64_t width = x.size(2);
  const std::int64_t channels = x.size(3);
  // One after the other: see kMlpTile.
  const std::array<std::int64_t, 4> of_heads{batch * heads_, height, width, channels / heads_};
  at::Tensor all;  // q, k and v
  if (!cpu_kernels(x)) {
    all = at::linear(x, qkv_->weight, qkv_->bias)
              .view({batch, height * width, 3, heads_, channels / heads_})
              .permute({2, 0, 3, 1, 4})
              .contiguous();
  }
  const auto projected = [&](std::int64_t part) {
    if (all.defined()) {
      return all[part].view(of_heads);
    }
    return wide_linear(x, qkv_->weight.narrow(0, part * channels, channels),
                       qkv_->bias.narrow(0, part * channels, channels))
        .view({batch, height * width, heads_, channels / heads_})
        .transpose(1, 2)
        .contiguous()
        .view(of_heads);
  };
  const at::Tensor attended =
      attend_with_relative_positions(projected(0), projected(1), projected(2), rel_pos_h_, rel_pos_w_)
          .view({batch, heads_, height * width, channels / heads_})
          .transpose(1, 2)
          .reshape({batch, height, width, channels});
  return through(proj_, attended);
}

VitBlock::VitBlock(const SamArchitecture& sizes, std::int64_t window) : window_(window) {
  const std::int64_t channels = sizes.embed_dim;
  norm1_ = register_module("norm1", layer_norm(channels, kNormEpsilon));
  attention_ = register_module(
      "attn", std::make_shared<GridAttention>(channels, sizes.num_heads, window > 0 ? window : sizes.grid()));
  norm2_ = register_module("norm2", layer_norm(channels, kNormEpsilon));
  lin1_ = torch::nn::Linear(channels, kMlpRatio * channels);
  lin2_ = torch::nn::Linear(kMlpRatio * channels, channels);
  register_module("mlp", named_slots({{"lin1", lin1_.ptr()}, {"lin2", lin2_.ptr()}}));
}

at::Tensor VitBlock::attend(const at::Tensor& x) {
  if (window_ == 0) {
    return attention_->forward(x);
  }
  const std::int64_t batch = x.size(0);
  const std::int64_t rows = (x.size(1) + window_ - 1) / window_;
  const std::int64_t columns = (x.size(2) + window_ - 1) / window_;
  const std::int64_t channels = x.size(3);
  const at::Tensor windows =
      at::constant_pad_nd(x, {0, 0, 0, columns * window_ - x.size(2), 0, rows * window_ - x.size(1)})
          .view({batch, rows, window_, columns, window_, channels})
          .permute({0, 1, 3, 2, 4, 5})
          .reshape({batch * rows * columns, window_, window_, channels});
  return attention_->forward(windows)
      .view({batch, rows, columns, window_, window_, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({batch, rows * window_, columns * window_, channels})
      .narrow(1, 0, x.size(1))
      .narrow(2, 0, x.size(2));
}

at::Tensor VitBlock::forward(const at::Tensor& x) {
  const at::Tensor attended = x + attend(norm1_(x));
  const at::Tensor flat = attended.flatten(0, 2);
  at::Tensor out = at::empty_like(flat);
  const std::int64_t tile = cpu_kernels(flat) ? kMlpTile : flat.size(0);
  for (std::int64_t first = 0; first < flat.size(0); first += tile) {
    const std::int64_t count = std::min(tile, flat.size(0) - first);
    const at::Tensor here = flat.narrow(0, first, count);
    at::Tensor hidden = through(lin1_, norm2_(here));
    at::Tensor to = out.narrow(0, first, count);
    at::add_out(to, here, through(lin2_, at::gelu_(hidden)));
  }
  return out.view(attended.sizes());
}

SamImageEncoder::SamImageEncoder(const SamArchitecture& sizes) : img_size_(sizes.img_size) {
  const std::int64_t channels = sizes.embed_dim;
  const std::int64_t out = sizes.prompt_dim;
  TORCH_CHECK(sizes.img_size % sizes.patch_size == 0, "img_size ", sizes.img_size, " is no multiple of ",
              sizes.patch_size);
  pos_embed_ = register_parameter("pos_embed", torch::zeros({1, sizes.grid(), sizes.grid(), channels}));
  patches_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(3, channels, sizes.patch_size).stride(sizes.patch_size));
  register_module("patch_embed", named_slots({{"proj", patches_.ptr()}}));
  const auto blocks = register_module("blocks", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < sizes.depth; ++i) {
    const auto& global = sizes.global_attn_indexes;
    const bool windowed = std::find(global.begin(), global.end(), i) == global.end();
    blocks_.push_back(std::make_shared<VitBlock>(sizes, windowed ? sizes.window_size : 0));
    blocks->push_back(blocks_.back());
  }
  neck_in_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, out, 1).bias(false));
  neck_norm_in_ = std::make_shared<LayerNorm2d>(out);
  neck_out_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(out, out, 3).padding(1).bias(false));
  neck_norm_out_ = std::make_shared<LayerNorm2d>(out);
  register_module(
      "neck",
      named_slots({{"0", neck_in_.ptr()}, {"1", neck_norm_in_}, {"2", neck_out_.ptr()}, {"3", neck_norm_out_}}));
}

at::Tensor SamImageEncoder::forward(const at::Tensor& image) {
  TORCH_CHECK(image.dim() == 4 && image.size(1) == 3 && image.size(2) == img_size_ && image.size(3) == img_size_,
              "image: expected (B, 3, ", img_size_, ", ", img_size_, "), got ", image.sizes());
  at::Tensor x = patches_(image).permute({0, 2, 3, 1}) + pos_embed_;
  for (const auto& block : blocks_) {
    x = block->forward(x);
  }
  x = neck_norm_in_->forward(neck_in_(x.permute({0, 3, 1, 2})));
  return neck_norm_out_->forward(neck_out_(x));
}

}  // namespace samsr
