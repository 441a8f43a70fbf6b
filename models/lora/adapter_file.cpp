#include "models/lora/adapter_file.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <vector>

#include "core/error.h"
#include "models/weights/adapter_names.h"
#include "models/weights/finite_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/printable.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

constexpr const char* kFormat = "samsr-lora/1";
constexpr const char* kBaseWeights = "base_weights";
constexpr const char* kMerged = "merged";

std::string hexadecimal(std::uint32_t checksum) { return fmt::format("{:08x}", checksum); }

std::string text_in(const TensorFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

[[noreturn]] void contradicts(const std::string& source, const std::string& what) {
  throw UserError("{}: is no whole file of adapters: {}; fetch or write it again", source, what);
}

template <class Number>
Number number_in(const TensorFile& file, const std::string& source, const char* key) {
  const std::string text = text_in(file, key);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) ||
      !std::isfinite(static_cast<double>(value))) {
    contradicts(source, fmt::format("its {} is '{}'", key, printable(text)));
  }
  return value;
}

/// A and B of a layer.
struct LowRank {
  at::Tensor a;
  at::Tensor b;
};

std::map<std::string, LowRank> layers_of(const TensorFile& file) {
  std::map<std::string, LowRank> layers;
  for (const auto& [name, tensor] : file.tensors) {
    const bool is_a = name.ends_with(kLoraA);
    LowRank& layer = layers[name.substr(0, name.size() - (is_a ? kLoraA : kLoraB).size())];
    (is_a ? layer.a : layer.b) = tensor;
  }
  return layers;
}

void check_layer(const std::string& name, const LowRank& layer, std::int64_t rank, const std::string& source) {
  const auto& [a, b] = layer;
  const bool whole = a.defined() && b.defined() && a.is_floating_point() && b.is_floating_point();
  const bool fits = whole && (a.dim() == 2 || a.dim() == 4) && b.dim() == a.dim() && a.size(0) == rank &&
                    b.size(1) == rank && (b.dim() == 2 || b.size(2) * b.size(3) == 1);
  if (!fits) {
    contradicts(source, fmt::format("of the layer '{}' it has no A and B of rank {}", printable(name), rank));
  }
}

/// "WEIGHT:CHECKSUM", what `merged` says of adapters.
std::string merged_entry(const Adapters& adapters, double weight) {
  return fmt::format("{}:{}", weight, hexadecimal(weights_checksum(adapters.file)));
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// Notes in the metadata that the adapters were merged, or that an earlier merge is undone.
void note_merge(TensorFile& network, std::uint32_t base, const Adapters& adapters, double weight) {
  std::vector<std::string> entries = words_of(text_in(network, kMerged));
  if (const auto undone = std::ranges::find(entries, merged_entry(adapters, -weight)); undone != entries.end()) {
    entries.erase(undone);
  } else {
    entries.push_back(merged_entry(adapters, weight));
  }
  network.metadata.emplace(kBaseWeights, hexadecimal(base));
  network.metadata[kMerged] = fmt::format("{}", fmt::join(entries, " "));
}

}  // namespace

std::uint32_t base_checksum(const TensorFile& weights) {
  TensorFile own;
  for (const auto& [name, tensor] : weights.tensors) {
    if (!is_adapter_weight(name) && !follows_from_settings(name)) {
      own.tensors.emplace_back(name, tensor);
    }
  }
  return weights_checksum(own);
}

TensorFile adapter_file(TensorFile weights, const LoraSettings& settings, const AdapterBase& base) {
  weights.metadata["format"] = kFormat;
  weights.metadata["rank"] = std::to_string(settings.rank);
  weights.metadata["alpha"] = fmt::format("{}", settings.scaled_by());
  weights.metadata["targets"] = fmt::format("{}", fmt::join(settings.targets, " "));
  weights.metadata["base"] = base.path;
  weights.metadata[kBaseWeights] = hexadecimal(base.checksum);
  return weights;
}

bool is_adapter_file(const TensorFile& file) { return text_in(file, "format") == kFormat; }

Adapters read_adapters(TensorFile file, const std::string& source) {
  if (!is_adapter_file(file)) {
    throw UserError("{}: holds no adapters; name a file that `samsr train` with train.lora.rank wrote", source);
  }
  Adapters adapters;
  adapters.source = source;
  adapters.rank = number_in<std::int64_t>(file, source, "rank");
  adapters.alpha = number_in<double>(file, source, "alpha");
  adapters.base.path = text_in(file, "base");
  const std::string checksum = text_in(file, kBaseWeights);
  const auto [end, error] =
      std::from_chars(checksum.data(), checksum.data() + checksum.size(), adapters.base.checksum, 16);
  if (error != std::errc() || end != checksum.data() + checksum.size()) {
    contradicts(source, fmt::format("its {} is '{}'", kBaseWeights, printable(checksum)));
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!is_adapter_weight(name)) {
      contradicts(source, fmt::format("'{}' is no adapter's", printable(name)));
    }
    check_finite(name, tensor, source);
  }
  const auto layers = layers_of(file);
  if (layers.empty()) {
    contradicts(source, "it has no layer");
  }
  for (const auto& [name, layer] : layers) {
    check_layer(name, layer, adapters.rank, source);
  }
  adapters.file = std::move(file);
  return adapters;
}

void check_base(const Adapters& adapters, std::uint32_t base, const std::string& base_source) {
  if (base != adapters.base.checksum) {
    throw UserError(
        "{}: these adapters were trained beside {} (weights {}), not beside {} (weights {}); name that model",
        adapters.source, adapters.base.path.empty() ? "other weights" : printable(adapters.base.path),
        hexadecimal(adapters.base.checksum), base_source, hexadecimal(base));
  }
}

TensorFile merged(TensorFile base, const std::string& base_source, const Adapters& adapters, double weight) {
  const std::uint32_t checksum = base_checksum(base);
  if (text_in(base, kBaseWeights) != hexadecimal(adapters.base.checksum)) {
    check_base(adapters, checksum, base_source);
  }
  std::map<std::string, at::Tensor*> of_base;
  for (auto& [name, tensor] : base.tensors) {
    of_base[name] = &tensor;
  }
  const double scale = weight * adapters.alpha / static_cast<double>(adapters.rank);
  for (const auto& [name, layer] : layers_of(adapters.file)) {
    std::vector<std::int64_t> shape = layer.a.sizes().vec();
    shape[0] = layer.b.size(0);
    const auto found = of_base.find(name + ".weight");
    if (found == of_base.end() || found->second->sizes() != at::IntArrayRef(shape)) {
      throw UserError("{}: has adapters of a layer '{}' of the shape ({}), which {} has not", adapters.source,
                      printable(name), fmt::join(shape, ", "), base_source);
    }
    at::Tensor& own = *found->second;
    const at::Tensor change = at::mm(layer.b.to(at::kDouble).flatten(1), layer.a.to(at::kDouble).flatten(1));
    own = (own.to(at::kDouble) + scale * change.view(shape)).to(own.scalar_type());
  }
  note_merge(base, checksum, adapters, weight);
  return base;
}

void forget_merges(TensorFile& network) {
  network.metadata.erase(kBaseWeights);
  network.metadata.erase(kMerged);
}

bool is_merged(const TensorFile& network, const Adapters& adapters, double weight) {
  const std::vector<std::string> entries = words_of(text_in(network, kMerged));
  return std::ranges::find(entries, merged_entry(adapters, weight)) != entries.end();
}

}  // namespace samsr
