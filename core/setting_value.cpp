#include "core/setting_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace samsr {
namespace {

/// The text of a number or a word, without spaces around it.
std::string_view trimmed(const YAML::Node& node) {
  if (!node.IsScalar()) {
    throw BadValue(node.IsNull() ? "it is empty" : "");
  }
  std::string_view text = node.Scalar();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    throw BadValue("it is empty");
  }
  return text;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

std::string_view without_sign(std::string_view text) {
  return text.substr(!text.empty() && (text.front() == '-' || text.front() == '+') ? 1 : 0);
}

/// Of digits that begin with needless zeros.
void check_zeros(std::string_view digits) {
  if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1])) {
    const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    throw BadValue(fmt::format("numbers are decimal and begin with no 0: write {}", digits.substr(first)));
  }
}

/// What to say of a text that is no number.
std::string advice_on(std::string_view text) {
  const std::string_view digits = without_sign(text);
  if (digits.starts_with("0x") || digits.starts_with("0X") || digits.starts_with("0o") || digits.starts_with("0b")) {
    return "numbers are decimal";
  }
  if (!digits.empty() && is_digit(digits.front()) &&
      digits.find_first_not_of("0123456789_',") == std::string_view::npos) {
    return "write it without _, ' and ,";
  }
  return {};
}

/// Digits with at most a sign; nothing for other texts.
std::optional<std::string_view> digits_of(std::string_view text) {
  const std::string_view digits = without_sign(text);
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit) ? std::optional(digits) : std::nullopt;
}

template <class T>
T integer_of(const YAML::Node& node) {
  std::string_view text = trimmed(node);
  const std::optional<std::string_view> digits = digits_of(text);
  if (!digits) {
    const bool number = text.find_first_not_of("+-0123456789.eE") == std::string_view::npos;
    throw BadValue(number ? "write all its digits, without point and exponent" : advice_on(text));
  }
  check_zeros(*digits);
  text.remove_prefix(text.front() == '+' ? 1 : 0);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    throw BadValue("it is too large");
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    throw BadValue();
  }
  return value;
}

}  // namespace

void read_value(const YAML::Node& node, std::string& value) {
  if (!node.IsScalar() && !node.IsNull()) {
    throw BadValue("write a text with [ or { in it in quotes");
  }
  value = node.IsNull() ? std::string() : node.Scalar();
}

void read_value(const YAML::Node& node, bool& value) {
  constexpr std::string_view kWords[][2] = {{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"n", "y"}};
  std::string word(trimmed(node));
  const bool capitals = std::all_of(word.begin(), word.end(), [](char each) { return each >= 'A' && each <= 'Z'; });
  const auto lower = [](char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each; };
  std::transform(word.begin(), capitals ? word.end() : word.begin() + 1, word.begin(), lower);
  for (const auto& pair : kWords) {
    for (const bool each : {false, true}) {
      if (word == pair[each ? 1 : 0]) {
        value = each;
        return;
      }
    }
  }
  throw BadValue();
}

void read_value(const YAML::Node& node, double& value) {
  std::string_view text = trimmed(node);
  const std::string_view digits = without_sign(text);
  const bool begins = !digits.empty() &&
                      (is_digit(digits.front()) || (digits.front() == '.' && digits.size() > 1 && is_digit(digits[1])));
  if (!begins) {
    throw BadValue("a finite number");
  }
  check_zeros(digits.substr(0, std::min(digits.find_first_not_of("0123456789"), digits.size())));
  text.remove_prefix(text.front() == '+' ? 1 : 0);
  double read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (end != text.data() + text.size()) {
    throw BadValue(text.find(',') != std::string_view::npos ? "a number has a decimal point, no comma"
                                                            : advice_on(text));
  }
  if (error != std::errc() || !std::isfinite(read)) {
    throw BadValue("it is beyond the numbers of 64 bits");
  }
  value = read;
}

std::int64_t read_integer(const YAML::Node& node) { return integer_of<std::int64_t>(node); }

std::uint64_t read_natural(const YAML::Node& node) {
  if (trimmed(node).starts_with('-') && digits_of(trimmed(node))) {
    throw BadValue("it is below 0");
  }
  return integer_of<std::uint64_t>(node);
}

}  // namespace samsr
