#include "train/checkpoints/same_training.h"

#include <algorithm>

#include "core/checksum.h"
#include "core/settings.h"

namespace samsr {
namespace {

/// Keys and sections of what a training means.
constexpr std::string_view kMeaning[] = {"train.recipe", "data.shuffle",  "data.scale",   "unet.",     "diffusion.",
                                         "samsr.",       "first_stage.",  "autoencoder.", "resshift.", "distill.",
                                         "semantic.",    "coverage_net.", "rsd."};
/// Settings among them that name places, or speed.
constexpr std::string_view kElsewhere[] = {"first_stage.weights", "semantic.weights", "semantic.every", "rsd.fake."};

bool has_meaning(std::string_view key) {
  const auto stands_for = [&](std::string_view each) {
    return each.ends_with('.') ? key.starts_with(each) : key == each;
  };
  return std::ranges::any_of(kMeaning, stands_for) && !std::ranges::any_of(kElsewhere, stands_for);
}

}  // namespace

std::map<std::string, std::string> data_checksums(const Manifest& manifest, const BatchFields& fields) {
  std::map<std::string, std::string> checksums;
  for (const BatchField& field : batch_fields()) {
    std::string samples;
    for (const ManifestEntry& shard : manifest.shards) {
      const auto found = shard.crc32c.find(field.dataset);
      samples += found == shard.crc32c.end() ? "" : fmt::format("{} {}\n", shard.samples, found->second);
    }
    if (field.is_in(fields) && !samples.empty()) {
      checksums[field.dataset] = fmt::format("{:08x}", crc32c(samples.data(), samples.size()));
    }
  }
  return checksums;
}

std::vector<std::string> other_training(const Checkpoint& checkpoint, std::uint64_t seed,
                                        const std::map<std::string, std::string>& data, const std::string& config) {
  std::vector<std::string> differences;
  if (checkpoint.seed != seed) {
    differences.push_back(fmt::format("train.seed: {} → {}", checkpoint.seed, seed));
  }
  for (const auto& [dataset, checksum] : data) {
    const auto before = checkpoint.data.find(dataset);
    if (before != checkpoint.data.end() && before->second != checksum) {
      differences.push_back(fmt::format("'{}' of the shards: other samples", dataset));
    }
  }
  for (const std::string& difference : settings_differences(checkpoint.config, "the checkpoint's settings", config)) {
    const bool new_or_gone = difference.find(": (none) → ") != std::string::npos || difference.ends_with("→ (none)");
    if (has_meaning(difference.substr(0, difference.find(": "))) && !new_or_gone) {
      differences.push_back(difference);
    }
  }
  return differences;
}

}  // namespace samsr
