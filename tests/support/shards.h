#pragma once
// Data sets of made-up samples, without photographs.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "data/shards/sample.h"

namespace samsr::testing {

/// Sample `index` of a made-up data set of 8 × 6 LR pixels and scale 2: every value tells which it is.
Sample numbered_sample(std::uint64_t index, bool latents = true);

/// A complete data set of such samples in `folder`: `samples` in shards of `per_shard`; its sample k is number
/// `begin` + k.
void write_numbered_set(const std::filesystem::path& folder, std::uint64_t samples, std::uint64_t per_shard,
                        bool latents = true, std::uint64_t begin = 0);

/// Writes shard `number` of the data set in `folder` again with samples that `change` (index, sample) has changed; its
/// checksums and the manifest fit them.
void change_samples(const std::filesystem::path& folder, std::uint64_t number,
                    const std::function<void(std::uint64_t, Sample&)>& change);

/// Changes one bit of the first byte of a sample's field, in place.
void flip_byte(const std::filesystem::path& shard, const std::string& field, std::uint64_t sample);

}  // namespace samsr::testing
