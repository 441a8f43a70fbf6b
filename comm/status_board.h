#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace samsr {

/// How far a rank has got with a task.
struct RankStanding {
  std::int64_t step = 0;
  std::int64_t phase = 0;  ///< within the step; the task says what it means
  std::int64_t moves = 0;  ///< another number at every sign of progress
};

/// Tells rank 0 how far every rank is, and every rank that rank 0 is alive, while the ranks' main threads compute or
/// wait for each other. Made by Communicator::make_status_board; used by one thread of a rank at a time. Each rank
/// destroys it (collective); an exception may end it early.
class StatusBoard {
 public:
  /// What is known of a rank.
  struct Heard {
    RankStanding standing;
    std::int64_t messages = 0;  ///< received from it
  };

  virtual ~StatusBoard() = default;

  /// Sends this rank's standing to rank 0, from rank 0 to all, unless the one before is still on its way, and takes in
  /// what has arrived. Never waits for another rank.
  virtual void exchange(const RankStanding& own) = 0;
  /// One entry a rank. Rank 0 hears of all, the others of rank 0 and themselves.
  const std::vector<Heard>& heard() const { return heard_; }

 protected:
  explicit StatusBoard(int ranks) : heard_(static_cast<std::size_t>(ranks)) {}
  void hear(int rank, const RankStanding& standing) {
    Heard& entry = heard_[static_cast<std::size_t>(rank)];
    entry.standing = standing;
    ++entry.messages;
  }

 private:
  std::vector<Heard> heard_;
};

std::unique_ptr<StatusBoard> make_single_status_board();

}  // namespace samsr
