#pragma once

namespace samsr {

inline constexpr int kChannels = 3;  ///< of every image here: RGB

}  // namespace samsr
