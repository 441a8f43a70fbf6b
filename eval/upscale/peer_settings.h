#pragma once

#include <cstdint>
#include <string>

#include "core/settings.h"

namespace samsr {

/// Settings of section `upscale.` that compared methods alone have.
struct PeerSettings {
  std::string precision = "fp32";  ///< or bf16
  std::int64_t ddim_steps = 15;    ///< of LDM-SR
  double ddim_eta = 1;
  std::string predictor{};  ///< DASR's second file

  void bind(Settings& settings);
  /// Which of them differ from the defaults, as "upscale.ddim_steps=30"; empty for none.
  std::string set() const;
};

}  // namespace samsr
