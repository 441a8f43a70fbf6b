#include "train/report/step_timer.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <numeric>

namespace samsr {

double StepTimes::total() const { return std::accumulate(ms.begin(), ms.end(), 0.0); }

StepTimer::StepTimer(c10::Device device) : device_(device) {}

StepTimer::Span::Span(StepTimer* timer, StepPhase phase)
    : timer_(timer), outer_(timer == nullptr ? std::nullopt : timer->current_), record_(at::RecordScope::USER_SCOPE) {
  if (record_.isActive()) {
    record_.before(kStepPhaseNames[static_cast<std::size_t>(phase)]);
  }
  if (timer_ != nullptr) {
    timer_->mark(phase);
  }
}

StepTimer::Span::~Span() {
  if (timer_ != nullptr) {
    timer_->mark(outer_);
  }
}

void StepTimer::mark(std::optional<StepPhase> phase) {
  current_ = phase;
  marks_.push_back({phase, std::chrono::steady_clock::now(), steps_});
  if (device_.is_cpu()) {
    return;
  }
  if (events_.size() < marks_.size()) {
    events_.emplace_back(device_.type(), c10::EventFlag::BACKEND_DEFAULT);  // the flag that allows elapsedTime()
  }
  events_[marks_.size() - 1].record(c10::impl::VirtualGuardImpl(device_.type()).getStream(device_));
}

void StepTimer::move(StepPhase from, StepPhase to, double ms) { moves_.push_back({from, to, ms, steps_}); }

void StepTimer::end_step() {
  mark(std::nullopt);
  ++steps_;
}

double StepTimer::milliseconds(std::size_t from_mark) const {
  if (device_.is_cpu()) {
    return std::chrono::duration<double, std::milli>(marks_[from_mark + 1].time - marks_[from_mark].time).count();
  }
  return events_[from_mark].elapsedTime(events_[from_mark + 1]);
}

std::vector<StepTimes> StepTimer::take() {
  TORCH_CHECK(marks_.empty() || marks_.back().step < steps_, "times are taken between steps");
  std::vector<StepTimes> times(steps_);
  if (!device_.is_cpu() && !marks_.empty()) {
    events_[marks_.size() - 1].synchronize();
  }
  for (std::size_t i = 0; i + 1 < marks_.size(); ++i) {
    if (marks_[i].step == marks_[i + 1].step) {
      StepTimes& step = times[marks_[i].step];
      const double ms = milliseconds(i);
      step.whole += ms;
      if (marks_[i].phase) {
        step[*marks_[i].phase] += ms;
      }
    }
  }
  for (const Move& each : moves_) {
    times[each.step][each.from] -= each.ms;
    times[each.step][each.to] += each.ms;
  }
  marks_.clear();
  moves_.clear();
  steps_ = 0;
  return times;
}

}  // namespace samsr
