#pragma once

#include <cstdint>
#include <vector>

namespace samsr {

/// `count` different numbers of 0 … population-1, in the order in which ResShift's scripts/prepare_testing_imagenet.py
/// takes pictures from its sorted list: what Python's random gives after random.seed(seed), random.shuffle of a list of
/// that length, and random.sample of another. count <= population < 2^32. Of ImageNet's 50,000 validation pictures in
/// class folders, seed 10000 and count 3000 give those of the published ImageNet-Test.
std::vector<std::uint64_t> published_choice(std::uint64_t population, std::uint64_t count, std::uint64_t seed);

}  // namespace samsr
