#include "segmentation/sam/network.h"

#include "models/weights/load_weights.h"

namespace samsr {

SamNetwork::SamNetwork(const SamArchitecture& architecture) : sizes(architecture) {
  image_encoder = register_module("image_encoder", std::make_shared<SamImageEncoder>(sizes));
  prompt_encoder = register_module("prompt_encoder", std::make_shared<SamPromptEncoder>(sizes));
  mask_decoder = register_module("mask_decoder", std::make_shared<SamMaskDecoder>(sizes));
}

void SamNetwork::set_precision(at::ScalarType type) {
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16, "precision: expected float32 or bfloat16, got ", type);
  image_encoder->to(type);
}

at::ScalarType SamNetwork::precision() const { return image_encoder->parameters().front().scalar_type(); }

at::Device SamNetwork::device() const { return image_encoder->parameters().front().device(); }

at::Tensor SamNetwork::encode(const at::Tensor& image) {
  return image_encoder->forward(image.to(device(), precision())).to(at::kFloat);
}

std::shared_ptr<SamNetwork> make_sam(const TensorFile& file, const std::string& source, at::Device device,
                                     at::ScalarType precision) {
  const auto network = std::make_shared<SamNetwork>(sam_architecture(recognise_sam(file, source)));
  load_weights(*network, file, source);
  network->to(device);
  network->set_precision(precision);
  network->eval();
  return network;
}

}  // namespace samsr
