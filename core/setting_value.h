#pragma once
// Values of settings out of YAML or off the command line: numbers are decimal and finite, texts are as their author
// wrote them.

#include <yaml-cpp/yaml.h>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// A value that is none of its type. what(): what to write instead, where more can be said than the type; else empty.
class BadValue : public std::runtime_error {
 public:
  explicit BadValue(const std::string& advice = {}) : std::runtime_error(advice) {}
};

/// Empty for a Null node. These throw BadValue for a node of another kind, and for what they say.
void read_value(const YAML::Node& node, std::string& value);
/// true, yes, on, y or false, no, off, n; also Capitalised or in CAPITALS.
void read_value(const YAML::Node& node, bool& value);
/// Not finite, beyond the range of double.
void read_value(const YAML::Node& node, double& value);

/// Digits alone, with a sign or without; not octal, hexadecimal, with an exponent or separators; within 64 bits.
std::int64_t read_integer(const YAML::Node& node);
/// The same, not negative.
std::uint64_t read_natural(const YAML::Node& node);

template <std::integral T>
void read_value(const YAML::Node& node, T& value) {
  const auto take = [&](auto number) {
    if (!std::in_range<T>(number)) {
      throw BadValue("it is too large");
    }
    value = static_cast<T>(number);
  };
  if constexpr (std::signed_integral<T>) {
    take(read_integer(node));
  } else {
    take(read_natural(node));
  }
}

template <class T>
void read_value(const YAML::Node& node, std::vector<T>& values) {
  if (!node.IsSequence()) {
    throw BadValue("write a list as [A, B], and an empty one as []");
  }
  std::vector<T> read;
  for (const YAML::Node& element : node) {
    T value{};
    read_value(element, value);
    read.push_back(std::move(value));
  }
  values = std::move(read);
}

}  // namespace samsr
