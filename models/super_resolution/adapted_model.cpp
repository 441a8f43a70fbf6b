#include "models/super_resolution/adapted_model.h"

#include "core/error.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/unet/flow_map_weights.h"
#include "models/unet/noise_channels.h"
#include "models/weights/find_weights.h"
#include "models/weights/network_difference.h"
#include "models/weights/printable.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Adapters may be trained on adapters merged into a base, and so on; a file that names itself would have no end.
constexpr int kMostLayersOfAdapters = 8;

constexpr const char* kOfModel[] = {"config", "scale", "kind", "variant"};

TensorFile whole_model(TensorFile file, const std::string& source, int depth) {
  if (!is_adapter_file(file)) {
    return file;
  }
  if (depth == kMostLayersOfAdapters) {
    throw UserError("{}: names adapters as its base {} times over", source, depth);
  }
  const WeightedAdapters own{read_adapters(std::move(file), source)};
  const std::string& base = own.adapters.base.path;
  std::error_code unreadable;
  if (base.empty() || !fs::is_regular_file(base, unreadable)) {
    throw UserError(
        "{}: holds adapters alone, and the model that they were trained beside is not at '{}' any more; give that "
        "model "
        "as --model MODEL --lora {}, or merge them (samsr weights merge)",
        source, printable(base), source);
  }
  return with_adapters(whole_model(read_weights(base), base, depth + 1), base, {own});
}

}  // namespace

std::vector<WeightedAdapters> read_adapters(const std::vector<LoraArgument>& arguments, Log& log) {
  std::vector<WeightedAdapters> found;
  for (const LoraArgument& argument : arguments) {
    const fs::path path = find_weights(argument.path, log);
    found.push_back({read_adapters(read_weights(path), path.string()), argument.weight});
  }
  return found;
}

TensorFile with_adapters(TensorFile base, const std::string& source, const std::vector<WeightedAdapters>& adapters) {
  TORCH_CHECK(!adapters.empty(), "with_adapters: no adapters");
  const Adapters& first = adapters.front().adapters;
  const UNetSettings unet = stored_settings(first.file, first.source).unet;
  base = with_flow_map_embeddings(with_noise_channels(std::move(base), unet), unet);
  for (const auto& [each, weight] : adapters) {
    if (const std::string difference = difference_of_networks(first.file, each.file); !difference.empty()) {
      throw UserError("{} and {} are adapters of different models: {}", first.source, each.source,
                      printable(difference));
    }
    base = merged(std::move(base), source, each, weight);
  }
  std::map<std::string, std::string> metadata{{"format", kModelFormat}};
  for (const char* key : kOfModel) {
    const auto found = first.file.metadata.find(key);
    if (found == first.file.metadata.end()) {
      throw UserError("{}: does not say the {} of its model; fetch or write it again", first.source, key);
    }
    metadata[key] = found->second;
  }
  for (const char* key : {"base_weights", "merged"}) {
    metadata[key] = base.metadata.at(key);
  }
  base.metadata = std::move(metadata);
  return base;
}

TensorFile whole_model(TensorFile file, const std::string& source) { return whole_model(std::move(file), source, 0); }

TensorFile read_whole_model(const fs::path& path) { return whole_model(read_weights(path), path.string()); }

}  // namespace samsr
