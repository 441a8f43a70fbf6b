#pragma once

#include <string_view>

namespace samsr {

/// What follows a layer's name in the names of its adapter's matrices.
inline constexpr std::string_view kLoraA = ".lora_A.weight";
inline constexpr std::string_view kLoraB = ".lora_B.weight";

/// True for NAME.lora_A.weight and NAME.lora_B.weight.
constexpr bool is_adapter_weight(std::string_view name) { return name.ends_with(kLoraA) || name.ends_with(kLoraB); }

}  // namespace samsr
