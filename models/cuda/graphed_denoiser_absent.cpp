// What stands for graphed_denoiser.cpp in the CPU flavour.

#include "models/cuda/graphed_denoiser.h"

namespace samsr {

Denoiser graphed(Denoiser denoiser, std::vector<at::Tensor>) { return denoiser; }

}  // namespace samsr
