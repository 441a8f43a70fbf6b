#include "eval/upscale/student_noise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "diffusion/coverage.h"
#include "diffusion/distillation.h"

namespace samsr {

StudentNoise::StudentNoise(const SuperResolutionModel& model, std::uint64_t seed, const TilePlan& plan,
                           ReadWindow coverage)
    : model_(model),
      plan_(plan),
      latent_channels_(model.first_stage().channels()),
      noise_channels_(model.settings().unet.noise_channels),
      field_(seed, latent_channels_ + noise_channels_),
      coverage_(std::move(coverage)) {
  if (!coverage_) {
    return;
  }
  SamStatisticsSum sum(model.settings().sam);
  for_each_square([&](const TileWindow& square) { sum.add_coverage(counts(square)); });
  for_each_square([&](const TileWindow& square) { sum.add_noise(counts(square), plain(square)); });
  statistics_ = sum.statistics();
}

template <class Use>
void StudentNoise::for_each_square(Use use) const {
  const std::int64_t multiple = model_.lq_multiple();
  // Squares of so many cells of noise that they are few and still lie in a cache of the processor. Where one is more
  // than one step of the network, it is a whole number of them, and cells are drawn once.
  constexpr std::int64_t kCache = std::int64_t{1} << 20;
  std::int64_t cells = 1;
  while (4 * cells * cells * NoiseField::cell_bytes(latent_channels_ + noise_channels_) <= kCache) {
    cells *= 2;
  }
  const std::int64_t lq = cells * NoiseField::kCell * model_.first_stage().factor() / model_.settings().scale;
  const std::int64_t side = std::max(lq / multiple, std::int64_t{1}) * multiple;
  for (std::int64_t top = 0; top < plan_.padded_height(); top += side) {
    for (std::int64_t left = 0; left < plan_.padded_width(); left += side) {
      use(TileWindow{top, left, std::min(side, plan_.padded_height() - top),
                     std::min(side, plan_.padded_width() - left)});
    }
  }
}

at::Tensor StudentNoise::network_noise(const TileWindow& window) {
  return noise_channels_ == 0 ? at::empty({1, 0, 0, 0}) : drawn(window).narrow(1, latent_channels_, noise_channels_);
}

at::Tensor StudentNoise::drawn(const TileWindow& window) {
  const auto [channels, top, left] = model_.latent_shape(window.top, window.left);
  const auto shape = model_.latent_shape(window.height, window.width);
  return field_.piece(0, top, left, shape[1], shape[2]);
}

at::Tensor StudentNoise::counts(const TileWindow& window) const {
  const auto [channels, height, width] = model_.latent_shape(window.height, window.width);
  return coverage_at(coverage_(window), height, width);
}

at::Tensor StudentNoise::start(const TileWindow& window, const at::Tensor& z_y) {
  const Schedule& schedule = model_.diffusion().schedule();
  const auto there = [&](const at::Tensor& tensor) { return tensor.to(z_y.device()); };
  const at::Tensor noise = there(plain(window));
  if (!coverage_) {
    return sinsr_start(schedule, z_y, noise).x_T;
  }
  return samsr_start(schedule, model_.settings().sam, z_y, there(counts(window)), noise,
                     {there(statistics_.largest), there(statistics_.mean), there(statistics_.deviation)});
}

}  // namespace samsr
