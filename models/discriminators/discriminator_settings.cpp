#include "models/discriminators/discriminator_settings.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"

namespace samsr {

void DiscriminatorNetworkSettings::bind(Settings& settings) {
  settings
      .add("discriminator.sees", sees,
           "features: those that the teacher's encoder has of noised latents (TAD-SR); image: the pictures themselves, "
           "by a U-Net (Real-ESRGAN)")
      .one_of({"features", "image"});
  settings.add("discriminator.channels", channels, "image: channels of the U-Net's finest maps").between(1, 1024);
  settings
      .add("discriminator.c_dim", c_dim,
           "features: logits that the discriminator gives at each position of its features")
      .between(1, 65536);
  settings
      .add("discriminator.kernel", kernel,
           "features: positions, in rows one behind the other, that a head's wide convolution sees")
      .between(1, 255)
      .satisfies("an odd number", [](std::int64_t value) { return value % 2 == 1; });
  settings.add("discriminator.groups", groups, "features: groups of the heads' group norms").between(1, 65536);
  settings.add("discriminator.slope", slope, "features: of the heads' leaky ReLU below 0").between(0.0, 1.0);
}

void DiscriminatorNetworkSettings::check_features(const std::vector<std::int64_t>& feature_channels,
                                                  std::int64_t fewest) const {
  if (std::ranges::any_of(feature_channels, [this](std::int64_t each) { return each % groups != 0; })) {
    throw UserError("discriminator.groups is {}, which does not divide all of the teacher's feature channels, {}",
                    groups, fmt::join(feature_channels, ", "));
  }
  if (kernel / 2 > fewest) {
    throw UserError(
        "discriminator.kernel is {}, too wide for the teacher's coarsest features of these images, {} positions; the "
        "largest is {}",
        kernel, fewest, 2 * fewest + 1);
  }
}

}  // namespace samsr
