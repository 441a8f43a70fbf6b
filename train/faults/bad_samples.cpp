#include "train/faults/bad_samples.h"

#include <fmt/ranges.h>

#include <sstream>

#include "core/error.h"

namespace samsr {

void BadSamples::add(const std::vector<std::uint64_t>& samples, Communicator& communicator) {
  for (const std::string& text : communicator.gather(fmt::format("{}", fmt::join(samples, " ")))) {
    std::istringstream numbers(text);
    for (std::uint64_t sample = 0; numbers >> sample;) {
      samples_.insert(sample);
    }
  }
  if (samples_.size() > static_cast<std::size_t>(most_)) {
    throw UserError(
        "{}: {} samples failed their checksum, more than data.max_bad={}; `samsr data verify` names them, and `samsr "
        "data build` makes a shard anew that was deleted",
        place_, samples_.size(), most_);
  }
}

}  // namespace samsr
