#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/shards/loader_settings.h"
#include "train/report/metrics_log.h"

namespace samsr {

/// One line that says whether a step is healthy and what is slow: loss and how many standard deviations it lies above
/// the last ones' mean, gradient norm, learning rate, milliseconds (of waiting for data and for the exchange),
/// images a second, memory, what a discriminator tells apart.
std::string log_line(const StepMetrics& metrics, std::optional<double> unusual);

/// The losses of the last steps, to say how unusual a new one is.
class LossWindow {
 public:
  explicit LossWindow(std::size_t length = 128) : length_(length) {}

  /// Enters a loss and returns how many standard deviations it lies above the mean of those before it. None while
  /// there are fewer than 8 of them or they are all equal. A loss that is not finite is not entered.
  std::optional<double> add(double loss);

 private:
  const std::size_t length_;
  std::deque<double> losses_;
};

/// How much of the run's time went into waiting for batches.
class DataWait {
 public:
  void add(double wait_ms, double step_ms);

  std::int64_t steps() const { return steps_; }
  /// "data wait is 31 % of the step: …" with the knob to turn, or that data keeps up. For one step or more.
  std::string verdict(const LoaderSettings& loader) const;

 private:
  std::int64_t steps_ = 0;
  double wait_ms_ = 0;
  double step_ms_ = 0;
};

/// The slowest of the ranks whose own work in a step took `ms`, more than one. `hosts`: of each.
SlowestRank slowest_rank(const std::vector<double>& ms, const std::vector<std::string>& hosts);

/// Whether the ranks keep pace, or one makes the others wait.
class RankPace {
 public:
  /// Steps of one rank are not counted.
  void add(const StepMetrics& metrics);

  std::int64_t steps() const { return steps_; }
  /// "rank 3 on host b is the slowest in 97 of 100 steps …, which costs 48 % of them", or that the ranks keep pace. For
  /// one step or more.
  std::string verdict() const;

 private:
  /// The steps in which a rank was the slowest.
  struct Turns {
    std::string host;
    std::int64_t steps = 0;
    double ms = 0;
    double median_ms = 0;
  };
  std::int64_t steps_ = 0;
  double step_ms_ = 0;
  double excess_ms_ = 0;
  std::map<int, Turns> turns_;
};

}  // namespace samsr
