#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "train/recipes/recipe.h"
#include "train/report/tensorboard/event_file.h"

namespace samsr {

/// Pictures of what a recipe makes of a few samples, always the same ones with the same noise, to watch it learn. Each
/// is LR (its pixels enlarged to squares), prediction and HR side by side.
class SamplePictures {
 public:
  /// What its batches carry.
  static BatchFields fields() { return {.latents = false, .hr = true}; }

  /// Of the first few samples of `source`, whose batches have fields(); `recipe` outlives the pictures.
  SamplePictures(const BatchSource& source, const Recipe& recipe, bool bf16, c10::Device device);

  /// The pictures with the weights as they are; none where the recipe makes none.
  std::vector<EventPicture> draw() const;

 private:
  at::Tensor predictions() const;

  const Batch samples_;
  const Recipe& recipe_;
  const bool bf16_;
  const c10::Device device_;
};

}  // namespace samsr
