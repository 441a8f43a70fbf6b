#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace samsr {

/// How far a rank has come with what it took of a WorkQueue.
struct RankWork {
  std::uint64_t reported = 0;           ///< of all its items
  std::optional<std::uint64_t> item{};  ///< that it works on
  std::uint64_t reported_of_item = 0;
};

/// The items 0 … n-1 of a task, dealt out in that order to whichever rank asks next, so that ranks whose items cost
/// more take fewer of them. Every item goes to one rank. Made by Communicator::share_work. Each rank must ask until
/// nothing is left, and destroys the queue after that (collective); an exception may end it early.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;

  /// The next item; none when all are dealt out.
  virtual std::optional<std::uint64_t> next() = 0;
  /// Adds to the work done, in any unit.
  virtual void report(std::uint64_t amount) = 0;
  /// On rank 0 the sum of what all ranks have reported, up to half a second late while they work and exact once
  /// they have all been told that nothing is left; elsewhere the rank's own.
  virtual std::uint64_t reported() const = 0;
  /// The same by rank, on rank 0; elsewhere empty.
  virtual std::vector<RankWork> by_rank() const = 0;
};

std::unique_ptr<WorkQueue> make_single_work_queue(std::uint64_t items);

}  // namespace samsr
