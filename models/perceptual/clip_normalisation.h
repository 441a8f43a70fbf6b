#pragma once

#include <array>

namespace samsr {

/// Mean and deviation of CLIP's training pictures, RGB in [0,1].
inline constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
inline constexpr std::array<double, 3> kClipDeviation = {0.26862954, 0.26130258, 0.27577711};

}  // namespace samsr
