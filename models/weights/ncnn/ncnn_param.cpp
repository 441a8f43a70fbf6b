#include "models/weights/ncnn/ncnn_param.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

constexpr std::string_view kNcnnMagic = "7767517";
constexpr std::int64_t kFirstNcnnArray = -23300;
constexpr std::size_t kMostNcnnLayers = 65536;

/// Words of a line, which blanks part.
std::vector<std::string_view> ncnn_words(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\r";
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

/// Reads lines of one file and says which one is wrong.
class ParamReader {
 public:
  ParamReader(std::string_view text, std::string source) : rest_(text), source_(std::move(source)) {}

  [[noreturn]] void fail(const std::string& why) const {
    throw UserError("{}:{}: is no line of an ncnn network: {}", source_, line_, why);
  }

  /// The words of the next line that has any; none at the end.
  std::vector<std::string_view> next() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      const std::vector<std::string_view> words = ncnn_words(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_;
      if (!words.empty()) {
        return words;
      }
    }
    return {};
  }

  std::int64_t whole(std::string_view word) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      fail(fmt::format("'{}' is no whole number", printable(word)));
    }
    return value;
  }

  double number(std::string_view word) const {
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
      fail(fmt::format("'{}' is no number", printable(word)));
    }
    return value;
  }

  NcnnLayer layer(const std::vector<std::string_view>& words) const {
    constexpr std::size_t kFixed = 4;  // type, name, how many bottoms, how many tops
    if (words.size() < kFixed) {
      fail("a layer has a type, a name and two counts");
    }
    const std::int64_t bottoms = whole(words[2]);
    const std::int64_t tops = whole(words[3]);
    const auto others = static_cast<std::int64_t>(words.size() - kFixed);
    if (bottoms < 0 || tops < 0 || bottoms > others || tops > others - bottoms) {
      fail("it has fewer blobs than it says");
    }
    NcnnLayer made{std::string(words[0]), std::string(words[1]), {}, {}, {}};
    std::size_t place = kFixed;
    for (std::int64_t i = 0; i < bottoms; ++i) {
      made.bottoms.emplace_back(words[place++]);
    }
    for (std::int64_t i = 0; i < tops; ++i) {
      made.tops.emplace_back(words[place++]);
    }
    for (; place < words.size(); ++place) {
      read_parameter(words[place], made);
    }
    return made;
  }

 private:
  void read_parameter(std::string_view word, NcnnLayer& layer) const {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      fail(fmt::format("'{}' is no parameter", printable(word)));
    }
    const std::int64_t key = whole(word.substr(0, equals));
    std::string_view value = word.substr(equals + 1);
    if (key > kFirstNcnnArray) {
      layer.numbers[key] = number(value);
      return;
    }
    std::vector<double> values;
    while (!value.empty()) {
      const std::size_t end = std::min(value.find(','), value.size());
      values.push_back(number(value.substr(0, end)));
      value.remove_prefix(std::min(end + 1, value.size()));
    }
    if (values.empty() || values.front() != static_cast<double>(values.size() - 1)) {
      fail(fmt::format("'{}' has another number of values than it says", printable(word)));
    }
    layer.arrays[kFirstNcnnArray - key] = {values.begin() + 1, values.end()};
  }

  std::string_view rest_;
  const std::string source_;
  int line_ = 0;
};

}  // namespace

std::int64_t NcnnLayer::whole(std::int64_t key, std::int64_t otherwise) const {
  constexpr double kLargest = 1e9;
  const auto found = numbers.find(key);
  const bool fits = found != numbers.end() && std::abs(found->second) <= kLargest;
  return fits ? std::llround(found->second) : otherwise;
}

double NcnnLayer::number(std::int64_t key, double otherwise) const {
  const auto found = numbers.find(key);
  return found == numbers.end() ? otherwise : found->second;
}

std::vector<NcnnLayer> parse_ncnn_param(std::string_view text, const std::string& source) {
  ParamReader reader(text, source);
  const std::vector<std::string_view> magic = reader.next();
  if (magic.size() != 1 || magic.front() != kNcnnMagic) {
    throw UserError("{}: is no ncnn network in text: its first line is not {}", source, kNcnnMagic);
  }
  const std::vector<std::string_view> counts = reader.next();
  if (counts.size() != 2) {
    reader.fail("expected how many layers and blobs there are");
  }
  const std::int64_t count = reader.whole(counts[0]);
  std::vector<NcnnLayer> layers;
  for (std::vector<std::string_view> words = reader.next(); !words.empty(); words = reader.next()) {
    if (layers.size() == kMostNcnnLayers) {
      reader.fail(fmt::format("it has more than {} layers", kMostNcnnLayers));
    }
    layers.push_back(reader.layer(words));
  }
  if (count != static_cast<std::int64_t>(layers.size())) {
    throw UserError("{}: says {} layers and has {}: the file is cut short or damaged", source, count, layers.size());
  }
  return layers;
}

}  // namespace samsr
