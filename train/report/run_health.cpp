#include "train/report/run_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "train/report/discriminator_health.h"

namespace samsr {

std::string log_line(const StepMetrics& metrics, std::optional<double> unusual) {
  const std::string deviations = unusual ? fmt::format(" ({:+.1f} sd)", *unusual) : "";
  return fmt::format(
      "loss {:.5f}{}  |grad| {:.3f}  lr {:.2e}  {:.0f} ms (data {:.0f}, exchange {:.0f})  {:.1f} images/s  "
      "{:.1f} GB{}{}",
      metrics.losses.front().second, deviations, metrics.gradient_norm, metrics.learning_rate, metrics.times.whole,
      metrics.data_wait_ms, metrics.times[StepPhase::kExchange], metrics.images_per_second, metrics.memory_mb / 1e3,
      metrics.gpu_memory_mb ? fmt::format(", GPU {:.1f} GB", *metrics.gpu_memory_mb / 1e3) : "",
      discriminator_text(metrics));
}

std::optional<double> LossWindow::add(double loss) {
  constexpr std::size_t kLeast = 8;
  if (!std::isfinite(loss)) {
    return std::nullopt;
  }
  std::optional<double> unusual;
  if (losses_.size() >= kLeast) {
    const auto count = static_cast<double>(losses_.size());
    const double mean = std::accumulate(losses_.begin(), losses_.end(), 0.0) / count;
    double squares = 0;
    for (const double each : losses_) {
      squares += (each - mean) * (each - mean);
    }
    const double deviation = std::sqrt(squares / (count - 1));
    if (deviation > 0) {
      unusual = (loss - mean) / deviation;
    }
  }
  losses_.push_back(loss);
  if (losses_.size() > length_) {
    losses_.pop_front();
  }
  return unusual;
}

void DataWait::add(double wait_ms, double step_ms) {
  ++steps_;
  wait_ms_ += wait_ms;
  step_ms_ += step_ms;
}

std::string DataWait::verdict(const LoaderSettings& loader) const {
  constexpr double kBearable = 0.05;
  const double share = wait_ms_ / std::max(step_ms_, 1e-9);
  if (share < kBearable) {
    return fmt::format("data keeps up: waiting for it is {:.1f} % of the step", 100 * share);
  }
  if (loader.online()) {
    return fmt::format(
        "data wait is {:.0f} % of the step: raise data.loader_threads (now {}), or let `samsr data build` degrade "
        "once, "
        "data.degrade=cached",
        100 * share, loader.loader_threads);
  }
  return fmt::format(
      "data wait is {:.0f} % of the step: raise data.loader_threads (now {}), or keep the shards on a faster disk or "
      "in memory",
      100 * share, loader.loader_threads);
}

SlowestRank slowest_rank(const std::vector<double>& ms, const std::vector<std::string>& hosts) {
  const auto slowest = std::ranges::max_element(ms);
  const auto rank = static_cast<std::size_t>(slowest - ms.begin());
  std::vector<double> sorted = ms;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::ranges::nth_element(sorted, middle);
  return {static_cast<int>(rank), hosts.at(rank), *slowest, *middle};
}

void RankPace::add(const StepMetrics& metrics) {
  if (!metrics.slowest) {
    return;
  }
  const SlowestRank& slowest = *metrics.slowest;
  ++steps_;
  step_ms_ += metrics.times.whole;
  excess_ms_ += slowest.excess_ms();
  Turns& turns = turns_[slowest.rank];
  turns.host = slowest.host;
  ++turns.steps;
  turns.ms += slowest.ms;
  turns.median_ms += slowest.median_ms;
}

std::string RankPace::verdict() const {
  constexpr double kBearable = 0.1;
  const double share = excess_ms_ / std::max(step_ms_, 1e-9);
  if (share < kBearable) {
    return fmt::format("the ranks keep pace: waiting for the slowest is {:.1f} % of the step", 100 * share);
  }
  const auto& [rank, turns] =
      *std::ranges::max_element(turns_, [](const auto& a, const auto& b) { return a.second.steps < b.second.steps; });
  if (2 * turns.steps <= steps_) {
    return fmt::format(
        "waiting for the slowest rank is {:.0f} % of the step, and it is another one each time (rank {} on host {} in "
        "{} of {} steps): the hosts do other work beside it, or fewer ranks a host would each have more cores",
        100 * share, rank, turns.host, turns.steps, steps_);
  }
  const auto count = static_cast<double>(turns.steps);
  return fmt::format(
      "rank {} on host {} is the slowest in {} of {} steps: its own work takes {:.0f} ms and that of half the ranks at "
      "most {:.0f} ms, so that the ranks wait for {:.0f} % of the step; look at that host, or leave it out",
      rank, turns.host, turns.steps, steps_, turns.ms / count, turns.median_ms / count, 100 * share);
}

}  // namespace samsr
