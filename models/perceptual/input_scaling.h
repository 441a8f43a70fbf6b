#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>

namespace samsr {

/// From images in [0,1] to what a network was trained on: scale_c x + offset_c for each channel.
class InputScaling {
 public:
  InputScaling(const std::array<double, 3>& scale, const std::array<double, 3>& offset, c10::Device device);

  /// (B,3,H,W) float32 on the device, of any layout, which is kept.
  at::Tensor operator()(const at::Tensor& images) const;

 private:
  at::Tensor scale_;   ///< (1,3,1,1)
  at::Tensor offset_;  ///< (1,3,1,1)
};

/// By ImageNet's mean and deviation, as torchvision's networks were trained.
InputScaling imagenet_scaling(c10::Device device);

}  // namespace samsr
