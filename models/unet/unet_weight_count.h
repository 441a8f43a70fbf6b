#pragma once

#include "models/unet/unet_settings.h"

namespace samsr {

/// Number of the parameters of UNetSwin with these settings, which must have passed check(); allocates nothing.
double unet_weight_count(const UNetSettings& settings);

}  // namespace samsr
