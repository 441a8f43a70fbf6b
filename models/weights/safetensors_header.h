#pragma once
// The JSON header of the safetensors format, as a file claims it; safetensors.cpp compares it with the file's bytes.

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace samsr {

/// The limit of bytes of a header; those of the largest models have some hundred thousand.
inline constexpr std::uint64_t kLargestSafetensorsHeader = 32 << 20;

/// One tensor as the header tells of it.
struct SafetensorsEntry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape{};
  std::uint64_t begin = 0;  ///< of its bytes, counted from the header's end
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries{};  ///< in the order of the text
  std::map<std::string, std::string> metadata{};
};

/// Reads the header in one pass, in time and memory that grow with its length alone. UserError with `source` when it
/// is no JSON object of tensors, a name occurs twice, or an entry contradicts itself.
SafetensorsHeader parse_safetensors_header(const std::string& text, const std::string& source);

/// "F32" and so on; null for numbers that safetensors files do not hold.
const char* safetensors_type_name(at::ScalarType type);

}  // namespace samsr
