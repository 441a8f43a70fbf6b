#pragma once

#include <string>
#include <vector>

namespace samsr {

/// Names of the published degradations, for degradation.preset.
std::vector<std::string> degradation_presets();

/// What the preset sets, as YAML for Settings::load_unset(); empty text for "none".
/// realesrgan: Real-ESRGAN's options/train_realesrgan_x4plus.yml (the second order always, sharpened truth).
/// resshift_v1: what ResShift's released loader draws from configs/realsr_swinunet_realesrgan256.yaml, whose
/// kernel sizes it takes from range(3, size, 2), so from 3 and without the largest.
/// bicubic: MATLAB's antialiased reduction and nothing else.
std::string degradation_preset(const std::string& name);

}  // namespace samsr
