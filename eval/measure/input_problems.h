#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/log.h"

namespace samsr {

/// What to do about a mistake in the images that leaves something to measure: end with it, or say it, count it and
/// go on with the rest (`--keep-going`).
class InputProblems {
 public:
  /// Ends with the first problem.
  InputProblems() = default;
  /// Goes on; `log` hears of each problem.
  explicit InputProblems(Log& log) : log_(&log) {}

  bool keep_going() const { return log_ != nullptr; }
  /// One line: what is wrong, where, and what to do. UserError with it unless problems are to be survived.
  void add(const std::string& line);
  std::int64_t count() const { return count_; }

  /// Notes what was asked for by name and is not measured. The rest is measured, and the end says it.
  void leave_out(const std::string& what) { left_out_.push_back(what); }
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  std::vector<std::string> left_out_;
  Log* log_ = nullptr;
  std::int64_t count_ = 0;
};

}  // namespace samsr
