#pragma once

#include "models/first_stage/vq_autoencoder.h"

namespace samsr {

/// Number of the parameters of VQModelTorch with these settings; allocates nothing.
double vq_weight_count(const AutoencoderSettings& settings);

}  // namespace samsr
