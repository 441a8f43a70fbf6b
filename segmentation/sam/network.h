#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "models/weights/safetensors.h"
#include "segmentation/sam/architecture.h"
#include "segmentation/sam/image_encoder.h"
#include "segmentation/sam/mask_decoder.h"
#include "segmentation/sam/prompt_encoder.h"

namespace samsr {

/// Segment Anything (arXiv 2304.02643), for inference. Parameters carry the official names.
class SamNetwork : public torch::nn::Module {
 public:
  explicit SamNetwork(const SamArchitecture& sizes);

  /// Number type of the image encoder's weights and activations, and of SamPointDecoder's: float32 or bfloat16.
  /// Prompts and the plain mask decoder stay in float32.
  void set_precision(at::ScalarType type);
  at::ScalarType precision() const;
  at::Device device() const;

  /// image (B, 3, img_size, img_size) float32, as prepare_for_sam makes it -> (B, prompt_dim, grid, grid) float32.
  at::Tensor encode(const at::Tensor& image);

  const SamArchitecture sizes;
  std::shared_ptr<SamImageEncoder> image_encoder;
  std::shared_ptr<SamPromptEncoder> prompt_encoder;
  std::shared_ptr<SamMaskDecoder> mask_decoder;
};

/// The network of a weight file: vit_b, vit_l or vit_h, whichever its tensors belong to, on `device` and in
/// `precision`. UserError naming `source` when they belong to none, or when one is missing, superfluous or of
/// another shape.
std::shared_ptr<SamNetwork> make_sam(const TensorFile& file, const std::string& source, at::Device device = at::kCPU,
                                     at::ScalarType precision = at::kFloat);

}  // namespace samsr
