#include "models/weights/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "core/error.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

using Json = nlohmann::json;

constexpr const char* kMetadataName = "__metadata__";
constexpr std::size_t kMostDimensions = 64;

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<TypeName, 15> kTypes = {{{"F64", at::kDouble},
                                              {"F32", at::kFloat},
                                              {"F16", at::kHalf},
                                              {"BF16", at::kBFloat16},
                                              {"I64", at::kLong},
                                              {"I32", at::kInt},
                                              {"I16", at::kShort},
                                              {"I8", at::kChar},
                                              {"U8", at::kByte},
                                              {"U64", at::kUInt64},
                                              {"U32", at::kUInt32},
                                              {"U16", at::kUInt16},
                                              {"BOOL", at::kBool},
                                              {"F8_E4M3", at::kFloat8_e4m3fn},
                                              {"F8_E5M2", at::kFloat8_e5m2}}};

/// Takes the header's parts as the parser meets them, so that no tree of a hostile text is ever built.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  HeaderReader(SafetensorsHeader& header, const std::string& source) : header_(header), source_(source) {}

  bool null() override { return value(Kind::kOther, "null"); }
  bool boolean(bool on) override { return value(Kind::kOther, on ? "true" : "false"); }
  bool number_integer(number_integer_t number) override { return value(Kind::kOther, std::to_string(number)); }
  bool number_float(number_float_t, const string_t& text) override { return value(Kind::kOther, text); }
  bool binary(binary_t&) override { return false; }
  bool number_unsigned(number_unsigned_t number) override {
    if (list_ == nullptr || depth_ != 3) {
      return value(Kind::kOther, std::to_string(number));
    }
    list_->push_back(number);
    return true;
  }
  bool string(string_t& text) override { return value(Kind::kText, text); }

  bool start_object(std::size_t) override {
    if (depth_ == 0) {
      depth_ = 1;
      return true;
    }
    if (depth_ == 1) {
      return begin_entry();
    }
    return begin_value("{");
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) {
      return false;
    }
    if (depth_ == 1) {
      refuse_entry();
    }
    if (depth_ == 2 && !metadata_ && (key_ == "shape" || key_ == "data_offsets")) {
      list_ = key_ == "shape" ? &shape_ : &offsets_;
      (key_ == "shape" ? has_shape_ : has_offsets_) = true;
      list_->clear();
      depth_ = 3;
      return true;
    }
    return begin_value("[");
  }
  bool end_object() override {
    if (depth_ == 2) {
      end_entry();
    }
    --depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    list_ = nullptr;
    return true;
  }
  bool key(string_t& text) override {
    if (depth_ == 1) {
      name_ = text;
      if (!names_.insert(name_).second) {
        malformed(fmt::format("tensor '{}' occurs twice", printable(name_)));
      }
    } else if (depth_ == 2) {
      key_ = text;
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  [[noreturn]] void malformed(const std::string& what) const {
    throw UserError("{}: not a valid safetensors file: {}; fetch or write it again", source_, what);
  }

 private:
  enum class Kind { kText, kOther };

  [[noreturn]] void fail(const std::string& what) const {
    malformed(fmt::format("tensor '{}' {}", printable(name_), what));
  }
  [[noreturn]] void refuse_entry() const {
    if (name_ == kMetadataName) {
      refuse_metadata();
    }
    fail("has no dtype, shape or data_offsets");
  }
  [[noreturn]] void refuse_metadata() const { malformed("its metadata are no map of texts"); }

  /// A list or map where an entry's value stands, or below one.
  bool begin_value(const char* shown) {
    value(Kind::kOther, shown);
    ++depth_;
    return true;
  }

  /// A text, number and so on, wherever it stands. Entries may have keys that nobody knows.
  bool value(Kind kind, const std::string& text) {
    if (depth_ == 0) {
      return false;
    }
    if (depth_ == 1) {
      refuse_entry();
    }
    if (depth_ == 2 && metadata_) {
      if (kind != Kind::kText) {
        refuse_metadata();
      }
      header_.metadata[key_] = text;
    } else if (depth_ == 2 && key_ == "dtype") {
      type_ = kind == Kind::kText ? '"' + text + '"' : text;
    } else if (depth_ == 2 && key_ == "shape") {
      fail("has a shape that is no list");
    } else if ((depth_ == 2 && key_ == "data_offsets") || (list_ == &offsets_ && depth_ >= 3)) {
      fail("has data_offsets that are not two whole numbers");
    } else if (list_ == &shape_ && depth_ >= 3) {
      fail("has a shape that is not made of whole numbers");
    }
    return true;
  }

  bool begin_entry() {
    depth_ = 2;
    metadata_ = name_ == kMetadataName;
    key_.clear();
    type_.clear();
    has_shape_ = has_offsets_ = false;
    shape_.clear();
    offsets_.clear();
    return true;
  }

  void end_entry() {
    if (metadata_) {
      return;
    }
    if (type_.empty() || !has_shape_ || !has_offsets_) {
      refuse_entry();
    }
    SafetensorsEntry entry{.name = name_};
    const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const TypeName& each) { return type_ == '"' + std::string(each.name) + '"'; });
    if (type == kTypes.end()) {
      fail("has a type that is not supported: " + printable(type_));
    }
    entry.type = type->type;
    if (offsets_.size() != 2) {
      fail("has data_offsets that are not two whole numbers");
    }
    entry.begin = offsets_[0];
    entry.end = offsets_[1];
    const std::uint64_t bytes = take_shape(entry);
    if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
      fail(fmt::format("takes {} bytes by its shape and type, not the bytes {} to {}", bytes, entry.begin, entry.end));
    }
    header_.entries.push_back(std::move(entry));
  }

  /// Bytes of the entry's shape, which must not overflow in any order of multiplication: that of one side being 0
  /// comes last in the strides.
  std::uint64_t take_shape(SafetensorsEntry& entry) const {
    if (shape_.size() > kMostDimensions) {
      fail(fmt::format("has {} dimensions, more than {}", shape_.size(), kMostDimensions));
    }
    std::uint64_t bytes = c10::elementSize(entry.type);
    bool none = false;
    for (const std::uint64_t extent : shape_) {
      none = none || extent == 0;
      if (__builtin_mul_overflow(bytes, std::max<std::uint64_t>(extent, 1), &bytes) ||
          bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("has a shape too large for any file");
      }
      entry.shape.push_back(static_cast<std::int64_t>(extent));
    }
    return none ? 0 : bytes;
  }

  SafetensorsHeader& header_;
  const std::string& source_;
  std::unordered_set<std::string> names_;
  int depth_ = 0;  ///< 1 in the header, 2 in an entry, 3 in one of its lists or a value that is not read
  std::string name_;
  bool metadata_ = false;
  std::string key_;
  std::string type_;  ///< as JSON
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::vector<std::uint64_t>* list_ = nullptr;
  std::vector<std::uint64_t> shape_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& text, const std::string& source) {
  SafetensorsHeader header;
  HeaderReader reader(header, source);
  if (!Json::sax_parse(text, &reader)) {
    reader.malformed("its header is no JSON object");
  }
  return header;
}

const char* safetensors_type_name(at::ScalarType type) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& each) { return each.type == type; });
  return found == kTypes.end() ? nullptr : found->name;
}

}  // namespace samsr
