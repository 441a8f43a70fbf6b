#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "data/shards/loader.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/report/tensorboard/event_file.h"
#include "train/settings.h"

namespace samsr {

/// The bytes of a PNG file of a picture (3,H,W) uint8 RGB.
using PngEncoder = std::function<std::string(const at::Tensor&)>;

/// Pictures of what `model` makes of a few samples, always the same ones with the same noise, to watch it learn. Each
/// is LR (its pixels enlarged to squares), prediction and HR side by side. Recipe resshift predicts by a rollout, the
/// others in one step, SAMSR's from noise shaped by the cached coverage.
class SamplePictures {
 public:
  /// `samples`: a few, on the CPU, with HR images; all else outlives the pictures.
  SamplePictures(Batch samples, const TrainSettings& train, SuperResolutionModel& model, c10::Device device,
                 PngEncoder encode_png);

  /// The pictures with the weights as they are.
  std::vector<EventPicture> draw() const;

 private:
  at::Tensor predictions() const;

  const Batch samples_;
  const TrainSettings& train_;
  SuperResolutionModel& model_;
  const c10::Device device_;
  const PngEncoder encode_png_;
};

}  // namespace samsr
