#pragma once
// Whether a run that goes on from a checkpoint is the training that wrote it.

#include <map>
#include <string>
#include <vector>

#include "train/checkpoints/checkpoint.h"

namespace samsr {

/// What makes a run with this seed, `data` (SampleSet::checksums) and this resolved configuration another training than
/// that of `checkpoint`, as "train.seed: 1 → 2" or "'lr' of the shards: other samples"; empty when it is the same.
/// Settings of the optimizer, its schedule, the length of the run, validation, speed and places may change; recipe,
/// data order, networks, diffusion and losses may not. What a checkpoint of an earlier version does not say counts as
/// the same.
std::vector<std::string> other_training(const Checkpoint& checkpoint, std::uint64_t seed,
                                        const std::map<std::string, std::string>& data, const std::string& config);

}  // namespace samsr
