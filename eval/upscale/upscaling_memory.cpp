#include "eval/upscale/upscaling_memory.h"

#include <algorithm>

namespace samsr {
namespace {

constexpr double kFloat = sizeof(float);
constexpr double kProgram = 300e6;      // libraries, and what they keep for themselves
constexpr double kNoiseCells = 128e6;   // NoiseField
constexpr double kUnetTensors = 12;     // of model_channels at the size of the latent, at once
constexpr double kDecoderTensors = 11;  // of the autoencoder's first channels at the size of the result, at once
constexpr double kWrittenRows = 16;     // LR rows that leave the band at once, of whole width
constexpr double kWrittenTensors = 4;   // of them at once: sums, their mean, levels, and these pixel by pixel
constexpr double kImageTensors = 9;  // of what the network takes and gives, as pixels or as latents of as many numbers

double square(double side) { return side * side; }

}  // namespace

double upscaling_memory_mb(const UpscalingLoad& load, const TilePlan& plan) {
  const ModelSettings& model = load.settings;
  const auto scale = static_cast<double>(model.scale);
  const auto tile = static_cast<double>(plan.tile_height() * plan.tile_width());
  const double result = tile * square(scale);
  const double latent = result / square(static_cast<double>(model.first_stage.latent_factor()));
  const double numbers = latent * static_cast<double>(model.first_stage.latent_channels());

  const double unet = latent * static_cast<double>(model.unet.model_channels) * kFloat * kUnetTensors;
  const double decoder =
      model.first_stage.type == "vq_f4"
          ? result * static_cast<double>(model.first_stage.autoencoder.ddconfig.ch) * kFloat * kDecoderTensors
          : 0;
  const double images = (3 * result + numbers) / 2 * kFloat * kImageTensors;
  const double network = load.network_on_host ? static_cast<double>(load.batch) * (std::max(unet, decoder) + images)
                                              : static_cast<double>(load.batch) * images;
  const double noise = kNoiseCells + static_cast<double>(load.batch * load.layers) * numbers * kFloat * 3;

  const double row = static_cast<double>(plan.padded_width()) * scale;
  const double band = 3 * kFloat * row * static_cast<double>(plan.tile_height()) * scale;
  const double written = 3 * kFloat * row * kWrittenRows * scale * kWrittenTensors;
  const double weights = load.network_on_host ? static_cast<double>(load.weight_bytes) : 0;
  // Masks are made before the network's turn; what stays of them is a byte a pixel. A latent that is segmented is held
  // three times for a moment, and as bytes.
  const double padded = static_cast<double>(plan.padded_height() * plan.padded_width());
  const double masks = load.masks_of_latent
                           ? network + padded * 3 * (3 * kFloat + 1)
                           : row * static_cast<double>(load.mask_window) * scale * 3 * (2 * kFloat + 1);
  const double coverage = load.mask_window > 0 ? static_cast<double>(plan.height() * plan.width()) : 0;
  return (kProgram + weights + coverage + std::max(masks, noise + network + band + written)) / 1e6;
}

}  // namespace samsr
