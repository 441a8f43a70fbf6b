#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "data/shards/sample_set.h"

namespace samsr {

/// The batches one rank asks for: batch i is the positions first + i·stride … first + i·stride + count - 1.
struct BatchSequence {
  std::uint64_t first = 0;
  std::uint64_t stride = 0;
  std::int64_t count = 0;
};

/// Reads batches ahead in threads of its own and hands them out in order.
class Prefetcher {
 public:
  /// Adds to a batch what a thread can compute beside the training. Called by several threads at once.
  using Finish = std::function<void(Batch&)>;

  /// `source` must outlive the prefetcher. At most `depth` batches are ready or being read. `finish`: what is done to
  /// each batch when it is read; empty for nothing.
  Prefetcher(const BatchSource& source, BatchSequence sequence, int threads, int depth, Finish finish = {});
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next batch; waits until it is there. What went wrong while reading it is thrown here.
  Batch next();

 private:
  void work();

  const BatchSource& source_;
  const BatchSequence sequence_;
  const std::uint64_t depth_;
  const Finish finish_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::variant<Batch, std::exception_ptr>> ready_;
  std::uint64_t claimed_ = 0;  ///< batches that a thread has begun
  std::uint64_t handed_out_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace samsr
