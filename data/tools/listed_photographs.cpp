#include "data/tools/listed_photographs.h"

#include <cmath>

#include "core/error.h"
#include "data/photographs/scan.h"

namespace samsr {
namespace {

/// Whether samples can be dealt to its sources: the file may come from a stranger.
bool is_sound(const PhotographSummary& summary) {
  bool sound = summary.usable > 0;
  for (std::size_t i = 0; i < summary.sources.size(); ++i) {
    const double weight = summary.sources[i].weight;
    sound = sound && std::isfinite(weight) && weight >= 0 && (!summary.sources.weighted() || summary.usable_of[i] > 0);
  }
  return sound;
}

}  // namespace

ListedPhotographs::ListedPhotographs(const std::filesystem::path& folder, const DataSettings& settings)
    : settings_(settings) {
  try {
    auto photographs = std::make_unique<const PhotographIndex>(photograph_index_path(folder));
    photographs_ = is_sound(photographs->summary()) ? std::move(photographs) : nullptr;
  } catch (const UserError&) {  // the photographs are found without it
  }
}

std::optional<Photograph> ListedPhotographs::of_sample(std::uint64_t index) const {
  if (!photographs_) {
    return std::nullopt;
  }
  try {
    const PhotographOrder order(photographs_->summary(), settings_.seed);
    return photographs_->at(order(settings_.first_pass_index(index)));
  } catch (const UserError&) {
    return std::nullopt;
  }
}

}  // namespace samsr
