#include "core/json_entry.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"
#include "core/field_text.h"

namespace samsr {
namespace {

using Json = nlohmann::json;

constexpr const char* kBytesSuffix = "_bytes";
constexpr std::size_t kLongestEntryShown = 60;
/// Whatever walks a document, its writer too, does so by recursion.
constexpr int kDeepestJson = 32;

std::string hex_digits(std::string_view bytes) {
  std::string digits;
  for (const char each : bytes) {
    digits += fmt::format("{:02x}", static_cast<unsigned char>(each));
  }
  return digits;
}

/// Empty when the digits are none.
std::string bytes_of_digits(const std::string& digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    unsigned value = 0;
    const char* end = digits.data() + at + 2;
    if (std::from_chars(digits.data() + at, end, value, 16).ptr != end) {
      return {};
    }
    bytes += static_cast<char>(value);
  }
  return digits.size() % 2 == 0 ? bytes : std::string();
}

}  // namespace

std::string shown_text(std::string_view text) { return Json::parse(json_text(Json(text))).get<std::string>(); }

std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, nlohmann::ordered_json::error_handler_t::replace);
}

void put_exact_text(nlohmann::ordered_json& entry, const std::string& key, const std::string& text) {
  entry[key] = shown_text(text);
  if (entry[key] != text) {
    entry[key + kBytesSuffix] = hex_digits(text);
  }
}

JsonEntry::JsonEntry(std::shared_ptr<const Json> root, const Json* value, std::string source, std::string where)
    : root_(std::move(root)), value_(value), source_(std::move(source)), where_(std::move(where)) {}

JsonEntry JsonEntry::parse(const std::string& text, const std::string& source) {
  bool too_deep = false;
  const Json::parser_callback_t keep = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kDeepestJson;
    return !too_deep;
  };
  Json value = Json::parse(text, keep, /*allow_exceptions=*/false);
  if (too_deep) {
    throw UserError("{}: its lists and maps are nested more than {} deep", source, kDeepestJson);
  }
  if (value.is_discarded()) {
    throw UserError("{}: damaged, or cut short: it is no JSON", source);
  }
  return of(std::move(value), source);
}

JsonEntry JsonEntry::of(Json value, const std::string& source) {
  auto root = std::make_shared<const Json>(std::move(value));
  const Json* top = root.get();
  return {std::move(root), top, source, {}};
}

void JsonEntry::fail(const std::string& message) const {
  // Keys of the file stand in it, and texts of the file may stand in the message.
  throw UserError("{}: {}", source_, one_line(where_ + (where_.empty() ? "" : ": ") + message));
}

void JsonEntry::expected(const char* what) const {
  std::string shown = json_text(*value_);
  if (shown.size() > kLongestEntryShown) {
    shown = shown_text(shown.substr(0, kLongestEntryShown)) + "…";
  }
  fail(fmt::format("expected {}, found {}", what, shown));
}

JsonEntry JsonEntry::below(const Json& value, const std::string& where) const {
  return {root_, &value, source_, where_ + where};
}

bool JsonEntry::has(const std::string& key) const {
  const auto found = value_->is_object() ? value_->find(key) : value_->end();
  return found != value_->end() && !found->is_null();
}

JsonEntry JsonEntry::at(const std::string& key) const {
  if (!value_->is_object()) {
    expected(fmt::format("an object with '{}'", key).c_str());
  }
  const auto found = value_->find(key);
  if (found == value_->end()) {
    fail(fmt::format("'{}' is missing", key));
  }
  return below(*found, (where_.empty() ? "" : ".") + key);
}

std::string JsonEntry::as_text() const {
  if (!value_->is_string()) {
    expected("a text");
  }
  return value_->get<std::string>();
}

double JsonEntry::as_number() const {
  if (!value_->is_number()) {
    expected("a number");
  }
  return value_->get<double>();
}

std::uint64_t JsonEntry::as_count() const {
  if (!value_->is_number_unsigned()) {
    expected("a whole number of at least 0");
  }
  return value_->get<std::uint64_t>();
}

std::string JsonEntry::text(const std::string& key) const { return at(key).as_text(); }

std::string JsonEntry::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

double JsonEntry::number(const std::string& key) const { return at(key).as_number(); }

double JsonEntry::number(const std::string& key, double otherwise) const { return has(key) ? number(key) : otherwise; }

std::uint64_t JsonEntry::count(const std::string& key) const { return at(key).as_count(); }

bool JsonEntry::flag(const std::string& key) const {
  const JsonEntry found = at(key);
  if (!found.value().is_boolean()) {
    found.expected("true or false");
  }
  return found.value().get<bool>();
}

std::string JsonEntry::exact_text(const std::string& key) const {
  const std::string bytes = bytes_of_digits(text(key + kBytesSuffix, ""));
  return bytes.empty() ? text(key) : bytes;
}

JsonEntry JsonEntry::object(const std::string& key) const {
  JsonEntry found = at(key);
  if (!found.value().is_object()) {
    found.expected("an object");
  }
  return found;
}

std::vector<JsonEntry> JsonEntry::list(const std::string& key) const { return at(key).elements(); }

std::vector<JsonEntry> JsonEntry::elements() const {
  if (!value_->is_array()) {
    expected("a list");
  }
  std::vector<JsonEntry> found;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    found.push_back(below((*value_)[i], fmt::format("[{}]", i)));
  }
  return found;
}

std::vector<std::pair<std::string, JsonEntry>> JsonEntry::items() const {
  if (!value_->is_object()) {
    expected("an object");
  }
  std::vector<std::pair<std::string, JsonEntry>> found;
  for (const auto& [key, value] : value_->items()) {
    found.emplace_back(key, below(value, (where_.empty() ? "" : ".") + key));
  }
  return found;
}

}  // namespace samsr
