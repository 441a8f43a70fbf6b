#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/weights/load_weights.h"

namespace samsr {

/// A convolution, and the ReLU behind it, of a network of torchvision's whose features are compared.
struct TrunkLayer {
  int number;  ///< in torchvision's `features`
  std::int64_t in;
  std::int64_t out;
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t padding;
  bool pooled;    ///< follows pooling
  bool compared;  ///< its ReLU is one of the five compared layers
};

inline constexpr std::array<TrunkLayer, 5> kAlexNet = {{
    {0, 3, 64, 11, 4, 2, false, true},
    {3, 64, 192, 5, 1, 2, true, true},
    {6, 192, 384, 3, 1, 1, true, true},
    {8, 384, 256, 3, 1, 1, false, true},
    {10, 256, 256, 3, 1, 1, false, true},
}};

inline constexpr std::array<TrunkLayer, 13> kVgg16 = {{
    {0, 3, 64, 3, 1, 1, false, false},
    {2, 64, 64, 3, 1, 1, false, true},
    {5, 64, 128, 3, 1, 1, true, false},
    {7, 128, 128, 3, 1, 1, false, true},
    {10, 128, 256, 3, 1, 1, true, false},
    {12, 256, 256, 3, 1, 1, false, false},
    {14, 256, 256, 3, 1, 1, false, true},
    {17, 256, 512, 3, 1, 1, true, false},
    {19, 512, 512, 3, 1, 1, false, false},
    {21, 512, 512, 3, 1, 1, false, true},
    {24, 512, 512, 3, 1, 1, true, false},
    {26, 512, 512, 3, 1, 1, false, false},
    {28, 512, 512, 3, 1, 1, false, true},
}};

/// Name of its "weight" or "bias" in torchvision's file.
std::string feature_name(const TrunkLayer& layer, const char* which);

/// The tensors of all `layers`, under those names.
std::vector<WantedWeight> trunk_weights(std::span<const TrunkLayer> layers);

}  // namespace samsr
