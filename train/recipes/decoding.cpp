#include "train/recipes/decoding.h"

#include <torch/torch.h>

#include <vector>

#include "models/layers/recompute.h"

namespace samsr {

at::Tensor decode_latents(const FirstStage& first_stage, const at::Tensor& latents, const Decoding& decoding) {
  const auto decode = [stage = &first_stage, quantised = decoding.quantised](const std::vector<at::Tensor>& of) {
    return quantised ? stage->decode(of[0]) : stage->decode_unquantised(of[0]);
  };
  const bool in_pieces = decoding.recomputed && !first_stage.lossless();
  if (!in_pieces || !latents.requires_grad() || !at::GradMode::is_enabled()) {
    return decode({latents});
  }
  std::vector<at::Tensor> pictures;
  for (const at::Tensor& one : latents.split(1)) {
    pictures.push_back(recomputed(decode, {one}, {}));
  }
  return at::cat(pictures);
}

}  // namespace samsr
