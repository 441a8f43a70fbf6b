#pragma once

#include <cstdint>
#include <vector>

#include "data/photographs/index.h"

namespace samsr {

/// Which photograph a sample is cut from: a pure function of the photographs, the seed and the sample's index.
///
/// Without weights all sources are one: every epoch uses each photograph once, in an order of its own. With weights
/// w_i, source i has n·w_i/Σw of the samples 0 … n-1, to within as many as there are other sources; within its own
/// samples a source is gone through epoch by epoch. So a source that is small for its weight is used more often.
class PhotographOrder {
 public:
  PhotographOrder(const PhotographSummary& summary, std::uint64_t seed);

  /// The number of sample `index`'s photograph in the PhotographIndex.
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  /// A run of photographs that is gone through epoch by epoch.
  struct Pool {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
    std::uint64_t share = 0;  ///< of the samples that this pool and those behind it have, in 2⁻³²
  };

  std::vector<Pool> pools_;
  std::uint64_t seed_;
};

/// "photograph_weights: 12 at 0.9, 70 at 0.1", a line that tells sources with weights from each other; empty without.
std::string weights_line(const PhotographSummary& summary);

}  // namespace samsr
