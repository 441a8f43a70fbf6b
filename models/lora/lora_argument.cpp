#include "models/lora/lora_argument.h"

#include <charconv>
#include <cmath>
#include <filesystem>

#include "core/error.h"

namespace samsr {

LoraArgument LoraArgument::parse(const std::string& argument) {
  const std::size_t colon = argument.rfind(':');
  std::error_code unreadable;
  LoraArgument parsed{argument};
  if (colon != std::string::npos && !std::filesystem::exists(argument, unreadable)) {
    const char* begin = argument.data() + colon + 1;
    const char* end = argument.data() + argument.size();
    const auto [last, error] = std::from_chars(begin, end, parsed.weight);
    if (error != std::errc() || last != end || !std::isfinite(parsed.weight)) {
      throw UserError("--lora {}: expected FILE, or FILE:WEIGHT with a number such as 0.5", argument);
    }
    parsed.path = argument.substr(0, colon);
  }
  if (parsed.path.empty()) {
    throw UserError("--lora '{}': names no file of adapters", argument);
  }
  return parsed;
}

std::vector<LoraArgument> lora_arguments(const std::vector<std::string>& arguments) {
  std::vector<LoraArgument> parsed;
  for (const std::string& argument : arguments) {
    parsed.push_back(LoraArgument::parse(argument));
  }
  return parsed;
}

}  // namespace samsr
