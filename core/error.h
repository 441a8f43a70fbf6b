#pragma once
// The one exception type that carries a message for the user. `main` prints the message as one line and
// returns 2; every other exception is a fault of the program and returns 1.

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace samsr {

/// A mistake the user can mend. The message is one line: what is wrong, where, and what to do.
class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message) : std::runtime_error(message) {}

  template <class... Args>
  UserError(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

}  // namespace samsr
