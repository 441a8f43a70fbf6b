#pragma once
// From latents to the images that losses compare.

#include <ATen/core/Tensor.h>

#include "models/first_stage/first_stage.h"

namespace samsr {

/// How predictions become images.
struct Decoding {
  bool quantised = true;
  bool recomputed = false;  ///< one picture at a time, of which nothing is kept for the backward pass but its latent
};

/// Images (B,3,H,W) of latents (B,C,h,w), with their gradient where they have one. `first_stage` outlives the backward
/// pass.
at::Tensor decode_latents(const FirstStage& first_stage, const at::Tensor& latents, const Decoding& decoding);

}  // namespace samsr
