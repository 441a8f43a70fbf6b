#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/log.h"

namespace samsr {

/// "1 h 02 min", "3 min 20 s", "12 s".
std::string format_duration(double seconds);

/// How fast a task goes on, where somebody knows better than by what was done since it began.
struct ProgressPace {
  double rate = 0;     ///< units a second
  double seconds = 0;  ///< left; 0: not known
};

/// Progress of a long task with rate and time left: a bar on a terminal, a plain line every 30 s
/// otherwise. Safe to advance from several threads; silent on ranks that do not speak.
class Progress {
 public:
  static constexpr std::int64_t kUnknown = -1;

  /// `total` in `unit`s ("pairs", "images"), kUnknown where only the end tells; `done` of them need no work (resumed).
  Progress(Log& log, std::string task, std::int64_t total, std::string unit, std::int64_t done = 0);

  /// `note` is shown behind the rate (a loss, a file name).
  void advance(std::int64_t count = 1, const std::string& note = {});
  /// Count reached so far by all ranks, where the caller knows better than by advancing.
  void set(std::int64_t done, const std::string& note = {});
  void set(std::int64_t done, const ProgressPace& pace, const std::string& note = {});
  /// Whether it is time to say something again; until then set() and advance() only count. For one thread.
  bool is_due() const;
  /// Prints the closing line: count, seconds, rate.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  /// From the beginning on.
  ProgressPace average() const;
  void show(const ProgressPace& pace, const std::string& note);
  double seconds() const;

  Log& log_;
  const std::string task_;
  const std::int64_t total_;
  const std::string unit_;
  const std::int64_t resumed_;
  std::int64_t done_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::mutex mutex_;
};

}  // namespace samsr
