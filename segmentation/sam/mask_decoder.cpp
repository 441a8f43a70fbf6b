#include "segmentation/sam/mask_decoder.h"

#include <vector>

#include "models/layers/module_names.h"

namespace samsr {
namespace {

constexpr std::int64_t kHeadDepth = 3;

torch::nn::ConvTranspose2d doubling_conv(std::int64_t in, std::int64_t out) {
  return torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2));
}

}  // namespace

SamMaskDecoder::SamMaskDecoder(const SamArchitecture& sizes) {
  const std::int64_t channels = sizes.prompt_dim;
  transformer = register_module("transformer", std::make_shared<TwoWayTransformer>(sizes));
  iou_token = register_module("iou_token", torch::nn::Embedding(1, channels));
  mask_tokens = register_module("mask_tokens", torch::nn::Embedding(kMasks, channels));
  upscaling_in = doubling_conv(channels, channels / 4);
  upscaling_norm = std::make_shared<LayerNorm2d>(channels / 4);
  upscaling_out = doubling_conv(channels / 4, channels / 8);
  register_module("output_upscaling",
                  named_slots({{"0", upscaling_in.ptr()}, {"1", upscaling_norm}, {"3", upscaling_out.ptr()}}));
  const auto list = register_module("output_hypernetworks_mlps", std::make_shared<torch::nn::ModuleListImpl>());
  for (auto& hypernetwork : hypernetworks) {
    hypernetwork = std::make_shared<SamMlp>(channels, channels, channels / 8, kHeadDepth);
    list->push_back(hypernetwork);
  }
  iou_head =
      register_module("iou_prediction_head", std::make_shared<SamMlp>(channels, sizes.iou_hidden, kMasks, kHeadDepth));
}

at::Tensor SamMaskDecoder::tokens_of(const at::Tensor& prompts) const {
  const at::Tensor own = at::cat({iou_token->weight, mask_tokens->weight}, 0);
  return at::cat({own.unsqueeze(0).expand({prompts.size(0), -1, -1}), prompts}, 1);
}

SamMasks SamMaskDecoder::forward(const at::Tensor& image, const at::Tensor& image_positions,
                                 const at::Tensor& prompts) {
  TORCH_CHECK(image.dim() == 4 && image.size(0) == prompts.size(0), "image: ", image.sizes(), " for prompts ",
              prompts.sizes());
  const auto [tokens, source] = transformer->forward(image.flatten(2).transpose(1, 2),
                                                     image_positions.flatten(2).transpose(1, 2), tokens_of(prompts));
  const at::Tensor map = source.transpose(1, 2).reshape(image.sizes());
  const at::Tensor doubled = at::gelu(upscaling_norm->forward(upscaling_in(map)));
  const at::Tensor fine = at::gelu(upscaling_out(doubled));
  std::vector<at::Tensor> weights;
  for (std::int64_t i = 0; i < kMasks; ++i) {
    weights.push_back(hypernetworks[static_cast<std::size_t>(i)]->forward(tokens.select(1, 1 + i)));
  }
  return {at::matmul(at::stack(weights, 1), fine.flatten(2)).view({fine.size(0), kMasks, fine.size(2), fine.size(3)}),
          iou_head->forward(tokens.select(1, 0))};
}

}  // namespace samsr
