#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace samsr::testing {

/// The gradient of value(), a scalar, with respect to each of `checked`, float64, agrees along one direction with the
/// central difference of `step`, to `tolerance` of its size.
inline void expect_gradients(const std::function<at::Tensor()>& value,
                             std::vector<std::pair<std::string, at::Tensor>> checked, double step, double tolerance) {
  value().backward();
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : checked) {
    torch::manual_seed(5);
    const at::Tensor direction = torch::randn_like(tensor);
    const double expected = (tensor.grad() * direction).sum().item<double>();
    tensor.add_(step * direction);
    const double above = value().item<double>();
    tensor.sub_(2 * step * direction);
    const double below = value().item<double>();
    tensor.add_(step * direction);
    EXPECT_NEAR((above - below) / (2 * step), expected, tolerance * (std::abs(expected) + 1)) << name;
  }
}

}  // namespace samsr::testing
