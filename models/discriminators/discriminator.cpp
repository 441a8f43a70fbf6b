#include "models/discriminators/discriminator.h"

namespace samsr {

std::vector<SpectralVectors> DiscriminatorImpl::vectors() const {
  std::vector<SpectralVectors> all;
  for (const SpectralConv& each : spectral_convs()) {
    all.push_back(each->vectors());
  }
  return all;
}

std::vector<SpectralVectors> DiscriminatorImpl::advance() {
  std::vector<SpectralVectors> all;
  for (SpectralConv& each : spectral_convs()) {
    all.push_back(each->advance());
  }
  return all;
}

at::Tensor at_least_float(const at::Tensor& x) { return x.to(at::promote_types(x.scalar_type(), at::kFloat)); }

}  // namespace samsr
