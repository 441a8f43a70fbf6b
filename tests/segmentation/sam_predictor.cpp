#include "segmentation/sam_predictor.h"

#include <vector>

namespace samsr {

SamPredictor::SamPredictor(std::shared_ptr<SamNetwork> network) : network_(std::move(network)) {}

void SamPredictor::set_image(const cv::Mat& rgb) {
  const torch::NoGradGuard no_grad;
  frame_ = SamFrame(rgb.size(), network_->sizes.img_size);
  embedding_ = network_->encode(prepare_for_sam(rgb, frame_));
}

const at::Tensor& SamPredictor::embedding() const {
  TORCH_CHECK(embedding_.defined(), "SamPredictor: no image was set");
  return embedding_;
}

SamMasks SamPredictor::predict(const SamPrompts& prompts, bool multimask) const {
  const torch::NoGradGuard no_grad;
  const at::Tensor& image = embedding();
  SamPromptEncoder& encoder = *network_->prompt_encoder;
  const auto here = [&](const at::Tensor& tensor) { return tensor.to(image.device()); };
  std::vector<at::Tensor> tokens;
  std::int64_t count = 0;
  if (prompts.points.defined()) {
    TORCH_CHECK(prompts.labels.defined(), "prompts: points without labels");
    at::Tensor points = frame_.to_square(prompts.points);
    at::Tensor labels = prompts.labels;
    if (!prompts.boxes.defined()) {
      // Trained so: points alone end in one that is none.
      points = at::constant_pad_nd(points, {0, 0, 0, 1}, 0);
      labels = at::constant_pad_nd(labels, {0, 1}, -1);
    }
    tokens.push_back(encoder.embed_points(here(points), here(labels)));
    count = points.size(0);
  }
  if (prompts.boxes.defined()) {
    const at::Tensor corners = frame_.to_square(prompts.boxes.view({-1, 2, 2}));
    tokens.push_back(encoder.embed_boxes(here(corners.view({-1, 4}))));
    count = corners.size(0);
  }
  at::Tensor dense = encoder.no_mask();
  if (prompts.masks.defined()) {
    dense = encoder.embed_mask(here(prompts.masks));
    count = dense.size(0);
  }
  TORCH_CHECK(count > 0, "prompts: none given");
  if (tokens.empty()) {
    tokens.push_back(at::empty({count, 0, image.size(1)}, image.options()));
  }
  const at::Tensor source = (image + dense).expand({count, -1, -1, -1});
  const at::Tensor positions = encoder.grid_positions().expand({count, -1, -1, -1});
  const SamMasks all = network_->mask_decoder->forward(source, positions, at::cat(tokens, 1));
  const std::int64_t first = multimask ? 1 : 0;
  const std::int64_t masks = multimask ? SamMaskDecoder::kMasks - 1 : 1;
  return {all.logits.narrow(1, first, masks).to(at::kCPU), all.iou.narrow(1, first, masks).to(at::kCPU)};
}

at::Tensor SamPredictor::at_image_size(const at::Tensor& logits) const {
  embedding();
  return frame_.to_picture(logits);
}

}  // namespace samsr
