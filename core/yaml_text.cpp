#include "core/yaml_text.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>

#include "core/atomic_file.h"
#include "core/error.h"

namespace samsr {
namespace {

constexpr std::size_t kLargestYaml = std::size_t{4} << 20;
constexpr std::size_t kLargestRecord = std::size_t{64} << 20;
constexpr std::size_t kDeepestYaml = 32;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Follows the events of the parser, which builds nothing meanwhile, and refuses what is not plain data.
class PlainDataCheck final : public YAML::EventHandler {
 public:
  PlainDataCheck(std::string_view text, const std::string& source, std::size_t documents)
      : text_(text), source_(source), most_documents_(documents) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > most_documents_) {
      fail(mark, "a second document begins here; one is read, so remove the line ---");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_properties(mark, "", anchor);
    if (is_key()) {
      fail(mark, "a value stands here without its key");
    }
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (text_.substr(std::min<std::size_t>(static_cast<std::size_t>(mark.pos), text_.size())).starts_with(word)) {
        fail(mark, fmt::format("{0} is no value; leave it out for none, or write \"{0}\" for the text", word));
      }
    }
    value_done();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "aliases (*NAME) are not read; write the value again, or in quotes if it is a text");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_properties(mark, tag, anchor);
    if (!is_key()) {
      value_done();
      return;
    }
    if (value == "<<") {
      fail(mark, "merge keys (<<) are not read; write the keys themselves, or name a file with base:");
    }
    if (std::any_of(value.begin(), value.end(), [](char each) { return static_cast<unsigned char>(each) < 0x20; })) {
      fail(mark, "a key is one line of text");
    }
    const auto [first, fresh] = levels_.back().keys.emplace(value, mark.line + 1);
    if (!fresh) {
      fail(mark, fmt::format("'{}' stands twice, first in line {}", value.substr(0, 100), first->second));
    }
    levels_.back().expects_key = false;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    enter(mark, tag, anchor, false);
  }
  void OnSequenceEnd() override { leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    enter(mark, tag, anchor, true);
  }
  void OnMapEnd() override { leave(); }

 private:
  struct Level {
    bool map;
    bool expects_key;
    std::map<std::string, int> keys;  ///< with their lines
  };

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
    throw UserError("{}:{}: {}", source_, mark.line + 1, what);
  }

  bool is_key() const { return !levels_.empty() && levels_.back().map && levels_.back().expects_key; }

  void value_done() {
    if (!levels_.empty()) {
      levels_.back().expects_key = true;
    }
  }

  void check_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) {
      fail(mark, "anchors (&NAME) are not read; remove it, or write the value in quotes if it is a text");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail(mark, "tags (!NAME) are not read; remove it, or write the value in quotes if it is a text");
    }
  }

  void enter(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool map) {
    check_properties(mark, tag, anchor);
    if (is_key()) {
      fail(mark,
           "a key is a text, not a list or a map; close every [ and {, fill in {{…}} of templates, and write texts "
           "with [ or { in quotes");
    }
    if (levels_.size() == kDeepestYaml) {
      fail(mark, fmt::format("nested deeper than {} levels", kDeepestYaml));
    }
    levels_.push_back({map, true, {}});
  }

  void leave() {
    levels_.pop_back();
    value_done();
  }

  const std::string_view text_;
  const std::string& source_;
  const std::size_t most_documents_;
  std::size_t documents_ = 0;
  std::vector<Level> levels_;
};

/// Line of byte `at`, from 1.
std::ptrdiff_t line_of(std::string_view text, std::size_t at) {
  return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

bool is_control(char character) {
  const auto code = static_cast<unsigned char>(character);
  return code < 0x20 && code != '\t' && code != '\n' && code != '\r';
}

/// The documents as nodes, at most `documents` of them, of a text of at most `bytes`.
std::vector<YAML::Node> parse_documents(const std::string& text, const std::string& source, std::size_t documents,
                                        std::size_t bytes) {
  if (text.size() > bytes) {
    throw UserError("{}: more than {} MB, which is too much for YAML of samsr", source, bytes >> 20);
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw UserError("{}: is text in UTF-16; save it in UTF-8", source);
  }
  std::string plain = text.substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  const auto control = std::find_if(plain.begin(), plain.end(), is_control);
  if (control != plain.end()) {
    // The parser would take some of them for the end.
    throw UserError("{}:{}: holds the control character 0x{:02x}; save the file as text in UTF-8", source,
                    line_of(plain, static_cast<std::size_t>(control - plain.begin())), static_cast<int>(*control));
  }
  try {
    std::istringstream in(plain);
    YAML::Parser parser(in);
    PlainDataCheck check(plain, source, documents);
    while (parser.HandleNextDocument(check)) {
    }
    return YAML::LoadAll(plain);
  } catch (const YAML::Exception& error) {
    throw UserError("{}:{}: not valid YAML: {}", source, error.mark.line + 1, error.msg);
  }
}

/// In double quotes, with every byte that is no control character as it is.
std::string quoted(const std::string& text) {
  std::string yaml = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') {
      yaml += '\\';
      yaml += character;
    } else if (static_cast<unsigned char>(character) < 0x20) {
      yaml += fmt::format("\\x{:02x}", static_cast<int>(character));
    } else {
      yaml += character;
    }
  }
  return yaml + "\"";
}

std::string emitted(const YAML::Node& value) {
  YAML::Emitter text;
  text.SetSeqFormat(YAML::Flow);
  text.SetMapFormat(YAML::Flow);
  text << value;
  return text.c_str();
}

/// Whether `yaml`, the value of a map or an element of a list, is read as `text`.
bool reads_back(const std::string& yaml, const std::string& text, bool in_list) {
  try {
    const YAML::Node read = YAML::Load(in_list ? "[" + yaml + "]" : "k: " + yaml + "\n");
    const YAML::Node value = in_list ? read[0] : read["k"];
    return read.size() == 1 && value.IsScalar() && value.Scalar() == text;
  } catch (const YAML::Exception&) {
    return false;
  }
}

std::string yaml_of_scalar(const YAML::Node& value, bool in_list) {
  const std::string yaml = emitted(value);
  return !value.IsScalar() || reads_back(yaml, value.Scalar(), in_list) ? yaml : quoted(value.Scalar());
}

/// "{key: value, …}"; what holds in a list holds between braces.
std::string yaml_of_map(const YAML::Node& map) {
  std::string yaml;
  for (const auto& pair : map) {
    yaml += (yaml.empty() ? "" : ", ") + yaml_of_scalar(pair.first, true) + ": " + yaml_of_scalar(pair.second, true);
  }
  return "{" + yaml + "}";
}

/// A key of nested maps, with a value or with keys below it.
struct Branch {
  std::string key;
  std::string value;
  std::vector<Branch> below;
};

Branch& branch_of(std::vector<Branch>& branches, const std::string& key) {
  const auto found =
      std::find_if(branches.begin(), branches.end(), [&](const Branch& each) { return each.key == key; });
  return found != branches.end() ? *found : branches.emplace_back(Branch{key, {}, {}});
}

void write_branches(const std::vector<Branch>& branches, const std::string& indent, std::string& yaml) {
  for (const Branch& branch : branches) {
    if (branch.below.empty()) {
      yaml += fmt::format("{}{}: {}\n", indent, branch.key, branch.value);
    } else {
      yaml += fmt::format("{}{}:\n", indent, branch.key);
      write_branches(branch.below, indent + "  ", yaml);
    }
  }
}

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& source) {
  const std::vector<YAML::Node> documents = parse_documents(text, source, 1, kLargestYaml);
  return documents.empty() ? YAML::Node() : documents.front();
}

std::vector<YAML::Node> parse_yaml_documents(const std::string& text, const std::string& source) {
  return parse_documents(text, source, kLargestRecord, kLargestRecord);
}

std::string read_yaml_file(const std::filesystem::path& path) {
  std::string text = read_file(path, kLargestYaml + 1);
  if (text.size() > kLargestYaml) {
    throw UserError("{}: more than {} MB, which is too much for YAML of samsr", path.string(), kLargestYaml >> 20);
  }
  return text;
}

std::string yaml_of(const YAML::Node& value) {
  if (!value.IsSequence()) {
    return yaml_of_scalar(value, false);
  }
  std::string yaml;
  for (const YAML::Node& element : value) {
    yaml += (yaml.empty() ? "" : ", ") + (element.IsMap() ? yaml_of_map(element) : yaml_of_scalar(element, true));
  }
  return "[" + yaml + "]";
}

std::string nested_yaml(const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<Branch> branches;
  for (const auto& [key, value] : values) {
    std::vector<Branch>* at = &branches;
    std::string rest = key;
    for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      at = &branch_of(*at, rest.substr(0, dot)).below;
      rest.erase(0, dot + 1);
    }
    branch_of(*at, rest).value = value;
  }
  std::string yaml;
  write_branches(branches, "", yaml);
  return yaml.empty() ? "{}\n" : yaml;
}

std::string yaml_comment(const std::string& text) {
  std::string line = "# " + text;
  std::replace_if(
      line.begin(), line.end(), [](char each) { return static_cast<unsigned char>(each) < 0x20; }, ' ');
  return line + "\n";
}

}  // namespace samsr
