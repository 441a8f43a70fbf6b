#include "eval/upscale/student_noise.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "diffusion/coverage.h"
#include "diffusion/distillation.h"

namespace samsr {

StudentNoise::StudentNoise(const SuperResolutionModel& model, std::uint64_t seed, const TilePlan& plan,
                           const at::Tensor& coverage)
    : model_(model), plan_(plan), field_(seed, model.first_stage().channels()) {
  if (!coverage.defined()) {
    return;
  }
  coverage_ = window_reader(coverage);
  SamStatisticsSum sum(model.settings().sam);
  for_each_square([&](const TileWindow& square) { sum.add_coverage(counts(square)); });
  for_each_square([&](const TileWindow& square) { sum.add_noise(counts(square), plain(square)); });
  statistics_ = sum.statistics();
}

template <class Use>
void StudentNoise::for_each_square(Use use) const {
  const std::int64_t multiple = model_.lq_multiple();
  // Where a square of noise is more than one step of the network, it is a whole number of them, and cells are drawn
  // once.
  const std::int64_t cell = NoiseField::kCell * model_.first_stage().factor() / model_.settings().scale;
  const std::int64_t side = std::max(cell / multiple, std::int64_t{1}) * multiple;
  for (std::int64_t top = 0; top < plan_.padded_height(); top += side) {
    for (std::int64_t left = 0; left < plan_.padded_width(); left += side) {
      use(TileWindow{top, left, std::min(side, plan_.padded_height() - top),
                     std::min(side, plan_.padded_width() - left)});
    }
  }
}

at::Tensor StudentNoise::plain(const TileWindow& window) {
  const auto [channels, top, left] = model_.latent_shape(window.top, window.left);
  const auto shape = model_.latent_shape(window.height, window.width);
  return field_.piece(0, top, left, shape[1], shape[2]);
}

at::Tensor StudentNoise::counts(const TileWindow& window) const {
  const auto [channels, height, width] = model_.latent_shape(window.height, window.width);
  return coverage_at(plan_.read_padded(*coverage_, window), height, width);
}

at::Tensor StudentNoise::shift(const TileWindow& window) {
  const Schedule& schedule = model_.diffusion().schedule();
  const at::Tensor noise = plain(window);
  const at::Tensor nothing = at::zeros_like(noise);
  return coverage_ ? samsr_start(schedule, model_.settings().sam, nothing, counts(window), noise, statistics_)
                   : sinsr_start(schedule, nothing, noise).x_T;
}

}  // namespace samsr
