#include "eval/metrics/fid/npy_header.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <array>
#include <cctype>
#include <optional>

#include "core/error.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMostDimensions = 8;
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 48;

struct NumberKind {
  std::string_view description;
  at::ScalarType type;
};
constexpr std::array<NumberKind, 3> kKinds = {{{"<f4", at::kFloat}, {"<f8", at::kDouble}, {"|u1", at::kByte}}};

/// The Python dict of a header: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : text_(text) {}

  NpyHeader parse() {
    std::optional<at::ScalarType> type;
    std::optional<bool> columns_first;
    std::optional<std::vector<std::int64_t>> shape;
    expect('{');
    while (!taken('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        type = type_of(quoted());
      } else if (key == "fortran_order") {
        columns_first = truth();
      } else if (key == "shape") {
        shape = numbers();
      } else {
        fail();
      }
      if (!taken(',') && peek() != '}') {
        fail();
      }
    }
    if (!type || !columns_first || !shape || peek() != '\0') {
      fail();
    }
    return {*type, *columns_first, *shape, 0};
  }

 private:
  [[noreturn]] static void fail() { throw UserError("its header is not one of NumPy's arrays"); }

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }
  /// The next sign behind spaces; 0 at the end.
  char peek() {
    skip_spaces();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool taken(char sign) {
    const bool found = peek() == sign;
    at_ += found ? 1 : 0;
    return found;
  }
  void expect(char sign) {
    if (!taken(sign)) {
      fail();
    }
  }
  std::string_view quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') {
      throw UserError("it holds other things than numbers, which are not read");
    }
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      fail();
    }
    const std::string_view found = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return found;
  }
  static at::ScalarType type_of(std::string_view description) {
    for (const NumberKind& kind : kKinds) {
      if (kind.description == description) {
        return kind.type;
      }
    }
    throw UserError("its numbers are '{}', expected '<f8' or '<f4' (save it with numpy.float64)",
                    printable(description));
  }
  bool truth() {
    skip_spaces();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail();
  }
  std::vector<std::int64_t> numbers() {
    std::vector<std::int64_t> found;
    std::int64_t product = 1;
    expect('(');
    while (!taken(')')) {
      const std::int64_t value = number();
      found.push_back(value);
      if (found.size() > kMostDimensions || __builtin_mul_overflow(product, value, &product) ||
          product > kMostNumbers) {
        throw UserError("its shape is larger than any array's");
      }
      if (!taken(',') && peek() != ')') {
        fail();
      }
    }
    return found;
  }
  std::int64_t number() {
    skip_spaces();
    std::int64_t value = 0;
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
      value = value * 10 + (text_[at_++] - '0');
      if (value > kMostNumbers) {
        throw UserError("its shape is larger than any array's");
      }
    }
    if (at_ == begin) {
      fail();
    }
    return value;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::uint64_t NpyHeader::data_bytes() const {
  std::uint64_t bytes = c10::elementSize(type);
  for (const std::int64_t length : shape) {
    bytes *= static_cast<std::uint64_t>(length);
  }
  return bytes;
}

NpyHeader parse_npy_header(std::string_view bytes) {
  const std::size_t version = kMagic.size() + 2;
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  if (!bytes.starts_with(kMagic) || bytes.size() < version + 4 || byte(kMagic.size()) < 1 || byte(kMagic.size()) > 3) {
    throw UserError("it is no array of NumPy's (.npy, versions 1 to 3)");
  }
  const std::size_t width = byte(kMagic.size()) == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < width; ++i) {
    length |= byte(version + i) << (8 * i);
  }
  const std::size_t begin = version + width;
  if (length > bytes.size() - begin) {
    throw UserError("it is cut short in its header");
  }
  NpyHeader header = HeaderText(bytes.substr(begin, length)).parse();
  header.size = begin + length;
  return header;
}

std::string npy_header_text(at::ScalarType type, const std::vector<std::int64_t>& shape) {
  std::string_view description;
  for (const NumberKind& kind : kKinds) {
    description = kind.type == type ? kind.description : description;
  }
  TORCH_CHECK(!description.empty(), "arrays of ", type, " are not written");
  std::string lengths;
  for (const std::int64_t length : shape) {
    lengths += fmt::format("{}, ", length);
  }
  if (shape.size() > 1) {
    lengths.resize(lengths.size() - 2);
  } else if (shape.size() == 1) {
    lengths.resize(lengths.size() - 1);
  }
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", description, lengths);
  const std::size_t prefix = kMagic.size() + 4;  // version 1.0, and the length in two bytes
  const std::size_t padding = kAlignment - (prefix + text.size() + 1) % kAlignment;
  text += std::string(padding % kAlignment, ' ') + "\n";
  std::string header(kMagic);
  header += {'\1', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace samsr
