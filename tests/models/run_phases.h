#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "models/cuda/phases.h"

namespace samsr::testing {

/// Runs work in phases (models/cuda/phases.h) as a GPU does but for the order, which is thread by thread: all threads
/// of a block finish a phase before the next begins. What the threads share is at first not a number. `backwards` turns
/// the order of blocks and threads round, on which nothing may depend.
class RunPhases {
 public:
  explicit RunPhases(bool backwards = false) : backwards_(backwards) {}

  template <class Work>
  void operator()(const Work& work, std::int64_t blocks, int threads) const {
    ASSERT_GT(blocks, 0);
    ASSERT_GT(threads, 0);
    ASSERT_LE(threads, Work::kThreads);
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t block = backwards_ ? blocks - 1 - i : i;
      typename Work::Shared shared;
      std::memset(static_cast<void*>(&shared), 0xFF, sizeof(shared));
      for (int phase = 0; phase < work.phases(); ++phase) {
        for (int k = 0; k < threads; ++k) {
          work(phase, block, backwards_ ? threads - 1 - k : k, shared);
        }
      }
    }
  }

 private:
  bool backwards_;
};

}  // namespace samsr::testing
