#include "data/tools/sample_selection.h"

#include "core/error.h"

namespace samsr {

std::uint64_t SampleSelection::count_in(const ShardSet& set) const {
  if (first >= set.size()) {
    throw UserError("{} {}: {} holds samples 0 to {}", option, first, set.folder().string(), set.size() - 1);
  }
  const std::uint64_t most = set.size() - first;
  const std::uint64_t number = count.value_or(most);
  if (number == 0 || number > most) {
    throw UserError("--count {}: {} holds {} samples from {} on", number, set.folder().string(), most, first);
  }
  return number;
}

}  // namespace samsr
