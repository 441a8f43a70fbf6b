#include "models/super_resolution/tools/merge_weights.h"

#include <fmt/ranges.h>

#include "core/error.h"
#include "models/super_resolution/adapted_model.h"

namespace samsr {

void merge_weights(const std::string& model, const std::vector<LoraArgument>& adapters, MergeDirection direction,
                   const std::filesystem::path& out, const Conversion& how, Log& log) {
  NamedWeightsFile named = read_named_weights(model, out, log);
  named.file = whole_model(std::move(named.file), named.source);
  std::vector<WeightedAdapters> read = read_adapters(adapters, log);
  std::vector<std::string> said;
  for (auto& [each, weight] : read) {
    said.push_back(fmt::format("{:g} · {}", weight, each.source));
    if (direction == MergeDirection::kUnmerge) {
      if (!is_merged(named.file, each, weight)) {
        throw UserError("{}: {} is not merged into it with the weight {:g}", named.source, each.source, weight);
      }
      weight = -weight;
    }
  }
  named.file = with_adapters(std::move(named.file), named.source, read);
  named.source +=
      fmt::format(" {} {}", direction == MergeDirection::kMerge ? "with" : "without", fmt::join(said, ", "));
  write_converted(std::move(named), out, how, log);
}

}  // namespace samsr
