#include "models/layers/channels_last.h"

namespace samsr {

void use_channels_last(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) {
      // Not contiguous(): it leaves 1×1 kernels, which are contiguous both ways, with strides unlike their
      // gradients'.
      parameter.set_data(
          at::empty(parameter.sizes(), parameter.options(), at::MemoryFormat::ChannelsLast).copy_(parameter));
    }
  }
}

}  // namespace samsr
