#include "models/perceptual/feature_distance.h"

#include <ATen/ATen.h>

#include "models/layers/autocast.h"
#include "models/perceptual/lpips_difference.h"

namespace samsr {

at::Tensor feature_distance(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected,
                            const std::vector<double>& layer_weights) {
  TORCH_CHECK(!found.empty() && found.size() == expected.size() && found.size() == layer_weights.size(),
              "feature_distance: ", found.size(), " and ", expected.size(), " maps, ", layer_weights.size(),
              " weights");
  const Autocast plain(found[0].device(), false);  // differences of nearly equal features
  at::Tensor sum;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const at::Tensor both = at::cat({found[i].to(at::kFloat), expected[i].to(at::kFloat)});
    const at::Tensor alike = at::full({both.size(1)}, layer_weights[i], both.options());
    const at::Tensor part = lpips_difference(both.contiguous(at::MemoryFormat::ChannelsLast), alike);
    sum = sum.defined() ? sum + part : part;
  }
  return sum.to(at::kFloat);
}

}  // namespace samsr
