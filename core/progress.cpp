#include "core/progress.h"

#include <algorithm>
#include <cmath>

namespace samsr {

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  if (whole >= 3600) {
    return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  }
  if (whole >= 60) {
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  return fmt::format("{} s", whole);
}

Progress::Progress(Log& log, std::string task, std::int64_t total, std::string unit, std::int64_t done)
    : log_(log), task_(std::move(task)), total_(total), unit_(std::move(unit)), resumed_(done), done_(done) {}

void Progress::advance(std::int64_t count, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ += count;
  show(average(), note);
}

void Progress::set(std::int64_t done, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  show(average(), note);
}

void Progress::set(std::int64_t done, const ProgressPace& pace, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  show(pace, note);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

bool Progress::is_due() const {
  using namespace std::chrono_literals;
  const auto pause = log_.terminal() ? Clock::duration(100ms) : Clock::duration(30s);
  return log_.speaks() && Clock::now() - shown_ >= pause;
}

ProgressPace Progress::average() const {
  const double rate = static_cast<double>(done_ - resumed_) / std::max(seconds(), 1e-9);
  return {rate, rate > 0 ? static_cast<double>(total_ - done_) / rate : 0};
}

void Progress::show(const ProgressPace& pace, const std::string& note) {
  if (!is_due()) {
    return;
  }
  shown_ = Clock::now();
  const bool known = total_ != kUnknown;
  const std::string of = known ? fmt::format("/{}", total_) : "";
  const std::string left = known ? fmt::format("  {} left", format_duration(pace.seconds)) : "";
  const std::string figures =
      fmt::format("{}{} {}  {:.1f}/s{}{}{}", done_, of, unit_, pace.rate, left, note.empty() ? "" : "  ", note);
  if (log_.terminal() && known) {
    constexpr int kWidth = 24;
    const double part = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1.0;
    const int full = std::clamp(static_cast<int>(part * kWidth), 0, kWidth);
    log_.status(fmt::format("{} [{:=<{}}{:<{}}] {}", task_, "", full, "", kWidth - full, figures));
  } else if (log_.terminal()) {
    log_.status(fmt::format("{}: {}", task_, figures));
  } else {
    log_.info("{}: {}", task_, figures);
  }
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  const double elapsed = seconds();
  log_.info("{}: {} {} in {} ({:.1f}/s)", task_, done_, unit_, format_duration(elapsed),
            static_cast<double>(done_ - resumed_) / std::max(elapsed, 1e-9));
}

}  // namespace samsr
