#pragma once
// What the tests of upscaling share: small models, and the picture that a fresh one gives.

#include "data/images/image_file.h"
#include "eval/upscale/bicubic.h"
#include "models/super_resolution/super_resolution_model.h"
#include "support/device.h"
#include "support/small_model.h"

namespace samsr::testing {

/// A fresh model gives the bicubic image; a trained one, stood in for by random output weights, adds a residual.
inline LoadedModel small_model(const std::string& kind, bool trained) {
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(small_model_settings(2), 1),
                     &method_of_kind(kind, "a test")};
  if (trained) {
    shake_output(*loaded.model);
  }
  loaded.model->to(device());
  return loaded;
}

inline cv::Mat bicubic(const cv::Mat& rgb) { return to_mat(upscale_bicubic(to_tensor(rgb), 4)); }

}  // namespace samsr::testing
