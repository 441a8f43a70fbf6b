#pragma once
// Messages for people. Rank 0 speaks; errors come from any rank and carry its number.

#include <fmt/format.h>

#include <iosfwd>
#include <mutex>
#include <string>
#include <utility>

namespace samsr {

/// Writes whole lines to one stream; safe to use from several threads.
class Log {
 public:
  /// `stream` must outlive the log. `terminal`: the stream is a terminal, so progress may be redrawn.
  Log(std::ostream& stream, int rank, int ranks, bool terminal);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// True on the rank whose info lines are printed.
  bool speaks() const { return rank_ == 0; }
  bool terminal() const { return terminal_; }

  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    if (speaks()) {
      line(fmt::format(format, std::forward<Args>(args)...));
    }
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    if (speaks()) {
      line("warning: " + fmt::format(format, std::forward<Args>(args)...));
    }
  }
  /// A line from any rank, marked with its number when there are several.
  void from_rank(const std::string& message);
  /// Replaces the terminal's last line; the next line() erases it first. Rank 0 on a terminal only.
  void status(const std::string& text);

 private:
  void line(const std::string& text);

  std::ostream& stream_;
  const int rank_;
  const int ranks_;
  const bool terminal_;
  bool status_shown_ = false;
  std::mutex mutex_;
};

}  // namespace samsr
