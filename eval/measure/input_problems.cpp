#include "eval/measure/input_problems.h"

#include "core/error.h"

namespace samsr {

void InputProblems::add(const std::string& line) {
  if (!keep_going()) {
    throw UserError(line);
  }
  ++count_;
  log_->warning("{}", line);
}

}  // namespace samsr
