#include "train/checkpoints/checkpoint_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/progress.h"

namespace samsr {
namespace {

constexpr double kHour = 3600;
constexpr double kMinute = 60;
/// The first checkpoint of a run shows what one costs; until then it is taken to cost a second, and comes after a
/// minute at the latest.
constexpr double kAssumedCost = 1;
constexpr double kFirst = kMinute;
/// Less is not told from the noise of steps.
constexpr double kLeastCost = 0.01;
constexpr std::size_t kUsualSteps = 64;
/// A decision is news when it differs by this share.
constexpr double kNews = 0.2;

double seconds_between(CheckpointSchedule::Clock::time_point from, CheckpointSchedule::Clock::time_point until) {
  return std::chrono::duration<double>(until - from).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

double best_checkpoint_interval(double cost, double between_failures) {
  const double ratio = cost / (2 * between_failures);
  if (ratio >= 1) {
    return between_failures;
  }
  return std::sqrt(2 * cost * between_failures) * (1 + std::sqrt(ratio) / 3 + ratio / 9) - cost;
}

CheckpointSchedule::CheckpointSchedule(const TrainSettings& settings, std::size_t hosts)
    : every_(settings.checkpoint_every),
      minutes_(settings.checkpoint_minutes),
      hosts_(hosts),
      between_failures_(settings.hours_between_failures * kHour / static_cast<double>(hosts)) {}

bool CheckpointSchedule::due_at(Clock::time_point now) const {
  const std::optional<double> seconds = interval();
  return seconds && seconds_between(last_, now) >= *seconds;
}

std::optional<double> CheckpointSchedule::interval() const {
  if (!minutes_.decide()) {
    return std::nullopt;
  }
  if (!minutes_.best) {
    return minutes_.number * kMinute;
  }
  if (counted_ == 0) {
    return std::min(kFirst, best_checkpoint_interval(kAssumedCost, between_failures_));
  }
  const double cost = std::max(costs_ / static_cast<double>(counted_), kLeastCost);
  return std::max(best_checkpoint_interval(cost, between_failures_), longest_write_);
}

std::string CheckpointSchedule::text() const {
  if (!minutes_.decide()) {
    return fmt::format("every {} steps", every_);
  }
  if (!minutes_.best) {
    return fmt::format("every {:g} minutes", minutes_.number);
  }
  return fmt::format("as often as pays where one of {} host{} fails every {} on average", hosts_,
                     hosts_ == 1 ? "" : "s", format_duration(between_failures_));
}

void CheckpointSchedule::saved(Clock::time_point begun, Clock::time_point now) {
  close();
  last_ = begun;
  waited_ = seconds_between(begun, now);
}

void CheckpointSchedule::step(double seconds, bool beside) {
  if (beside) {
    slower_ += usual_.empty() ? 0 : seconds - median({usual_.begin(), usual_.end()});
    return;
  }
  close();
  usual_.push_back(seconds);
  if (usual_.size() > kUsualSteps) {
    usual_.pop_front();
  }
}

void CheckpointSchedule::written(Clock::time_point now) {
  longest_write_ = std::max(longest_write_, seconds_between(last_, now));
}

void CheckpointSchedule::close() {
  if (waited_) {
    cost_ = *waited_ + std::max(slower_, 0.0);
    costs_ += *cost_;
    ++counted_;
  }
  waited_.reset();
  slower_ = 0;
}

std::string CheckpointSchedule::news() {
  const double seconds = interval().value_or(0);
  if (!minutes_.best || counted_ == 0 || std::abs(seconds - said_) <= kNews * said_) {
    return {};
  }
  said_ = seconds;
  return fmt::format("checkpoints: one costs {:.2f} s of training, a failure is expected every {}: one every {}",
                     costs_ / static_cast<double>(counted_), format_duration(between_failures_),
                     format_duration(seconds));
}

}  // namespace samsr
