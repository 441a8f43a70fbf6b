#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/build/make_stages.h"

namespace samsr::testing {

/// Pairs, masks and latents. GCC 12 takes the strings of a temporary `{}` for uninitialised.
inline const BuildOptions kUsualStages;

/// Settings of a small data set: 64² pixels, 11 samples in shards of 3.
BuildSettings small_build(const std::filesystem::path& images, const std::filesystem::path& out);

/// A stage `rollout` for tests: what it stores tells of the fields it read and of nothing else. Three samples at once.
/// Each takes `seconds` times its index modulo 4, so shards cost unequally.
std::unique_ptr<Stage> make_test_rollout(double seconds = 0);

/// make_stages() for the stages named `names`, with `rollout` where that stage is among them. Collective.
BuildStages stages_with(std::unique_ptr<Stage> rollout, const BuildSettings& settings,
                        const std::vector<std::string>& names, Communicator& comm, Log& log);

}  // namespace samsr::testing
