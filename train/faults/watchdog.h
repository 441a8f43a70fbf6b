#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// What a rank is doing on its way to the end of a step, in the order of a step.
enum class Phase : std::uint8_t { kStart, kData, kForward, kBackward, kUpdate, kValidation, kSave };

/// Ends a run in which no rank gets on any more, and says which one the others wait for. A thread of rank 0 knows where
/// all ranks are; the others' threads end the run when rank 0 itself does not answer.
class Watchdog {
 public:
  /// Exit status of a run that it ends.
  static constexpr int kStatus = 3;

  /// `seconds` without a sign of life from any rank's main thread end the run; 0 for never. Start, validation and
  /// save, which last as long as the user's files want, are given ten times as long while every rank answers.
  /// Collective, and so is its end, unless an exception ends it. `communicator` and `log` must outlive it.
  Watchdog(Communicator& communicator, Log& log, double seconds);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// This rank's main thread is in `phase` on its way to the end of `step`. Every call is a sign of life. Some
  /// nanoseconds.
  void at(std::int64_t step, Phase phase);
  /// In another phase of the same step.
  void at(Phase phase);
  /// The host of each rank.
  const std::vector<std::string>& hosts() const { return hosts_; }
  /// The checkpoint of `step` is whole: what the run would go on from.
  void saved(std::int64_t step) { saved_ = step; }

 private:
  void watch();
  /// After each exchange; ends the run when it stands still.
  void look_at_all();
  void look_at_rank_zero();
  void end(const std::string& who, double seconds);

  Communicator& communicator_;
  Log& log_;
  const double seconds_;
  const std::chrono::duration<double> pause_;  ///< between two looks
  std::vector<std::string> hosts_;             ///< of each rank

  std::atomic<std::uint64_t> place_ = 0;  ///< step and phase in one number
  std::atomic<std::int64_t> moves_ = 0;
  std::atomic<std::int64_t> saved_ = 0;

  std::unique_ptr<StatusBoard> board_;
  std::vector<StatusBoard::Heard> before_;  ///< at the last look
  std::vector<int> silent_;                 ///< looks since each rank's last message
  int still_ = 0;                           ///< looks since any rank moved

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The ranks that the others wait for: "rank 1 on host b has not reached step 120 (data)". Those that do not answer
/// (`silent`), else those that are furthest behind. One entry a rank in each argument.
std::string who_is_behind(const std::vector<RankStanding>& standings, const std::vector<bool>& silent,
                          const std::vector<std::string>& hosts);

}  // namespace samsr
