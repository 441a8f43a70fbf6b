#include "segmentation/sam/prompt_encoder.h"

#include <numbers>

#include "models/layers/module_names.h"

namespace samsr {
namespace {

constexpr std::int64_t kMaskChannels = 16;
constexpr std::size_t kBackground = 0;
constexpr std::size_t kForeground = 1;
constexpr std::size_t kUpperLeft = 2;
constexpr std::size_t kLowerRight = 3;

torch::nn::Conv2d halving_conv(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 2).stride(2));
}

}  // namespace

SamPromptEncoder::SamPromptEncoder(const SamArchitecture& sizes) : img_size_(sizes.img_size), grid_(sizes.grid()) {
  const std::int64_t channels = sizes.prompt_dim;
  const auto positions = register_module("pe_layer", std::make_shared<torch::nn::Module>());
  gaussian_ = positions->register_buffer("positional_encoding_gaussian_matrix", torch::randn({2, channels / 2}));
  const auto corners = register_module("point_embeddings", std::make_shared<torch::nn::ModuleListImpl>());
  for (const std::size_t kind : {kBackground, kForeground, kUpperLeft, kLowerRight}) {
    corners_.emplace_back(1, channels);
    corners->push_back(corners_[kind]);
  }
  not_a_point_ = register_module("not_a_point_embed", torch::nn::Embedding(1, channels));
  mask_in_ = halving_conv(1, kMaskChannels / 4);
  mask_norm_in_ = std::make_shared<LayerNorm2d>(kMaskChannels / 4);
  mask_middle_ = halving_conv(kMaskChannels / 4, kMaskChannels);
  mask_norm_middle_ = std::make_shared<LayerNorm2d>(kMaskChannels);
  mask_out_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(kMaskChannels, channels, 1));
  register_module("mask_downscaling", named_slots({{"0", mask_in_.ptr()},
                                                   {"1", mask_norm_in_},
                                                   {"3", mask_middle_.ptr()},
                                                   {"4", mask_norm_middle_},
                                                   {"6", mask_out_.ptr()}}));
  no_mask_ = register_module("no_mask_embed", torch::nn::Embedding(1, channels));
}

at::Tensor SamPromptEncoder::features(const at::Tensor& unit_positions) const {
  const at::Tensor angle =
      at::matmul((2 * unit_positions - 1).to(gaussian_.scalar_type()), gaussian_) * (2 * std::numbers::pi);
  return at::cat({angle.sin(), angle.cos()}, -1);
}

at::Tensor SamPromptEncoder::embed_points(const at::Tensor& points, const at::Tensor& labels) {
  TORCH_CHECK(points.dim() == 3 && points.size(2) == 2, "points: expected (B, N, 2), got ", points.sizes());
  TORCH_CHECK(labels.sizes() == points.sizes().slice(0, 2), "labels: expected ", points.sizes().slice(0, 2), ", got ",
              labels.sizes());
  const at::Tensor label = labels.unsqueeze(2);
  const at::Tensor position = features((points + 0.5) / static_cast<double>(img_size_));
  const at::Tensor kind = at::where(label == 1, corners_[kForeground]->weight, corners_[kBackground]->weight);
  return at::where(label == -1, not_a_point_->weight, position + kind);
}

at::Tensor SamPromptEncoder::embed_boxes(const at::Tensor& boxes) {
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4, "boxes: expected (B, 4), got ", boxes.sizes());
  const at::Tensor position = features((boxes.reshape({-1, 2, 2}) + 0.5) / static_cast<double>(img_size_));
  return position + at::cat({corners_[kUpperLeft]->weight, corners_[kLowerRight]->weight}, 0);
}

at::Tensor SamPromptEncoder::embed_mask(const at::Tensor& mask) {
  TORCH_CHECK(mask.dim() == 4 && mask.size(1) == 1 && mask.size(2) == 4 * grid_ && mask.size(3) == 4 * grid_,
              "mask: expected (B, 1, ", 4 * grid_, ", ", 4 * grid_, "), got ", mask.sizes());
  const at::Tensor half = at::gelu(mask_norm_in_->forward(mask_in_(mask)));
  return mask_out_(at::gelu(mask_norm_middle_->forward(mask_middle_(half))));
}

at::Tensor SamPromptEncoder::no_mask() const { return no_mask_->weight.view({1, -1, 1, 1}); }

at::Tensor SamPromptEncoder::grid_positions() const {
  const at::Tensor axis = (at::arange(grid_, gaussian_.options()) + 0.5) / static_cast<double>(grid_);
  const at::Tensor x = axis.unsqueeze(0).expand({grid_, grid_});
  const at::Tensor y = axis.unsqueeze(1).expand({grid_, grid_});
  return features(at::stack({x, y}, -1)).permute({2, 0, 1}).unsqueeze(0);
}

}  // namespace samsr
