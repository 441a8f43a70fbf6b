#pragma once
// JSON as samsr writes and reads it: text that need not be UTF-8 goes in, and every mistake that comes out names the
// file, the key and what was expected there.

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace samsr {

/// `text` with U+FFFD in place of what is not UTF-8, for whatever is shown: JSON, HTML, LaTeX, CSV.
std::string shown_text(std::string_view text);

/// The JSON text of a value, on one line or, with `indent`, on several. Names of files need not be UTF-8: what is not
/// is replaced by U+FFFD.
std::string json_text(const nlohmann::json& value, int indent = -1);
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

/// Sets `entry`[key] to `text` as it is shown; where that is not the text itself, `key`_bytes holds its bytes in
/// hexadecimal, which JsonEntry::exact_text() reads back.
void put_exact_text(nlohmann::ordered_json& entry, const std::string& key, const std::string& text);

/// A value of a JSON document, and where it stands there.
class JsonEntry {
 public:
  /// `source` stands for the document in messages: its file, or "FILE:LINE". UserError when `text` is no JSON, or
  /// its lists and maps are nested more than 32 deep.
  static JsonEntry parse(const std::string& text, const std::string& source);

  /// The same of a value that has been read.
  static JsonEntry of(nlohmann::json value, const std::string& source);

  const nlohmann::json& value() const { return *value_; }
  /// Whether there is such a key, and it is not null.
  bool has(const std::string& key) const;

  // The value of a key. UserError when it is missing, or of another type; with `otherwise`, that where it is missing.
  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  double number(const std::string& key) const;
  double number(const std::string& key, double otherwise) const;
  /// A whole number of at least 0.
  std::uint64_t count(const std::string& key) const;
  bool flag(const std::string& key) const;
  /// The text that put_exact_text() was given.
  std::string exact_text(const std::string& key) const;
  JsonEntry object(const std::string& key) const;
  std::vector<JsonEntry> list(const std::string& key) const;
  /// The keys and values of an object, in the alphabet's order.
  std::vector<std::pair<std::string, JsonEntry>> items() const;
  /// The elements of a list.
  std::vector<JsonEntry> elements() const;

  // The value itself. UserError when it is of another type.
  std::string as_text() const;
  double as_number() const;
  std::uint64_t as_count() const;

  /// UserError about this entry: source, where in it, `message`.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  JsonEntry(std::shared_ptr<const nlohmann::json> root, const nlohmann::json* value, std::string source,
            std::string where);
  JsonEntry below(const nlohmann::json& value, const std::string& where) const;
  JsonEntry at(const std::string& key) const;
  [[noreturn]] void expected(const char* what) const;

  std::shared_ptr<const nlohmann::json> root_;
  const nlohmann::json* value_;
  std::string source_;
  std::string where_;  ///< "methods[2].name"; empty for the whole
};

}  // namespace samsr
