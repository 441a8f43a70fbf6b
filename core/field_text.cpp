#include "core/field_text.h"

#include <algorithm>

namespace samsr {

std::string join_fields(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) {
    text += field;
    text += '\0';
  }
  return text;
}

std::vector<std::string> split_fields(std::string_view text) {
  std::vector<std::string> fields;
  for (std::size_t end = text.find('\0'); end != std::string_view::npos; end = text.find('\0')) {
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return fields;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char each) { return each < 0x20 || each == 0x7f; }, '?');
  return text;
}

}  // namespace samsr
