#include "core/log.h"

#include <ostream>

namespace samsr {
namespace {
constexpr const char* kEraseLine = "\r\x1b[K";
}

Log::Log(std::ostream& stream, int rank, int ranks, bool terminal)
    : stream_(stream), rank_(rank), ranks_(ranks), terminal_(terminal) {}

void Log::from_rank(const std::string& message) {
  line(ranks_ > 1 ? fmt::format("[rank {}] {}", rank_, message) : message);
}

void Log::status(const std::string& text) {
  if (!speaks() || !terminal_) {
    return;
  }
  const std::lock_guard lock(mutex_);
  stream_ << kEraseLine << text << std::flush;
  status_shown_ = true;
}

void Log::line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (status_shown_) {
    stream_ << kEraseLine;
    status_shown_ = false;
  }
  stream_ << text + "\n" << std::flush;
}

}  // namespace samsr
