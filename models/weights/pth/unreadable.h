#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace samsr {

/// What is wrong with a weight file, without its path; read_weights() makes a UserError of it.
class UnreadableWeights : public std::runtime_error {
 public:
  template <class... Args>
  explicit UnreadableWeights(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

}  // namespace samsr
