// What stands for the kernels of GPUs where the flavour has none; gpu_kernels() is false there.

#include <c10/util/Exception.h>

#include "models/layers/biased_map.h"
#include "models/layers/normalise_kernels.h"
#include "models/unet/windows.h"

namespace samsr::cuda {
namespace {

[[noreturn]] void absent() { TORCH_CHECK(false, "kernels of the CUDA flavour in a program without them"); }

}  // namespace

GroupMoments group_moments(const Normalisation&, const at::Tensor&, const at::Tensor&) { absent(); }

at::Tensor normalise_forward(const Normalisation&, const at::Tensor&, const GroupMoments&, const at::Tensor&,
                             const at::Tensor&) {
  absent();
}

NormaliseGradients normalise_backward(const Normalisation&, const at::Tensor&, const GroupMoments&, const at::Tensor&,
                                      const at::Tensor&, const at::Tensor&) {
  absent();
}

ChannelAffine modulate(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&) { absent(); }

ModulationGradients modulate_backward(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                      const ChannelAffine&) {
  absent();
}

at::Tensor biased_sum(const at::Tensor&, const at::Tensor&, const at::Tensor&) { absent(); }

at::Tensor channel_sums(const at::Tensor&) { absent(); }

at::Tensor windows_of(const at::Tensor&, const Windows&) { absent(); }

at::Tensor map_of_windows(const at::Tensor&, const Windows&, std::int64_t, std::int64_t, const at::Tensor&) {
  absent();
}

}  // namespace samsr::cuda
