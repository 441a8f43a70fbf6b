#include "models/coverage_net/coverage_net_settings.h"

#include "core/error.h"

namespace samsr {

void CoverageNetSettings::bind(Settings& settings) {
  settings
      .add(
          "coverage_net.input", input,
          "what the network sees: images, so that a prediction has to be decoded; or latents, which spares the decoder")
      .one_of({"image", "latent"});
  settings.add("coverage_net.channels", channels, "channels at the LR image's size; up to four times as many below")
      .between(1, 1024);
  settings.add("coverage_net.blocks", blocks, "residual blocks of each level").between(1, 16);
}

CoverageNetInput coverage_net_input(const std::string& kind, const FirstStageSettings& first_stage,
                                    std::int64_t scale) {
  if (kind == "image") {
    return {3, scale, /*latent=*/false, fmt::format("image of {} times the LR image's side", scale)};
  }
  const std::int64_t factor = first_stage.latent_factor();
  if (scale % factor != 0) {
    throw UserError(
        "coverage_net.input is latent, but a latent pixel of first_stage.type {} has {} image pixels a side and an LR "
        "pixel "
        "{}; set coverage_net.input=image",
        first_stage.type, factor, scale);
  }
  return {first_stage.latent_channels(), scale / factor, /*latent=*/true,
          fmt::format("latent of first_stage.type {}, factor {}, scale_factor {}, {} times the LR image's side",
                      first_stage.type, factor, first_stage.scale_factor, scale / factor)};
}

}  // namespace samsr
