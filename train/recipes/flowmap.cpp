// FlowMapSR-style: a flow map from the LR to the HR latent that distils itself (docs/method.md, FlowMapSR-style). There
// is no teacher: the averaged weights, or the network's own derivatives, say what an interval's map shall be.

#include "train/recipes/flowmap.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/rng.h"
#include "diffusion/distillation.h"
#include "models/super_resolution/flow_map_model.h"
#include "train/recipes/noise.h"

namespace samsr {
namespace {

class FlowMapRecipe final : public SuperResolutionRecipe {
 public:
  FlowMapRecipe(SuperResolutionParts parts, const FlowMapTrainSettings& settings, FlowMapDraws draws)
      : SuperResolutionRecipe(std::move(parts)),
        settings_(settings),
        model_(parts_.network->settings().flow_map),
        draws_(std::move(draws)),
        live_(velocity_of(parts_.network->unet(), model_.time_scale)),
        average_(velocity_of(parts_.average->model->unet(), model_.time_scale)),
        batch_(static_cast<double>(parts_.train.global_batch)),
        diagonal_(static_cast<double>(settings.diagonal_samples(parts_.train.global_batch))) {
    parts_.average->model->unet()->eval();
  }

  RecipeLosses losses(const Batch& batch, const Move&) override {
    const FlowMapDraw draw = draws_(batch);
    const at::Tensor& z_src = batch.z_y;
    const at::Tensor negative = draw.prompt.eq(kNegativePrompt).view({-1, 1, 1, 1});
    const at::Tensor z_hr = at::where(negative, z_src, batch.z_0);
    const at::Tensor noise = parts_.noise(batch, z_src.sizes().slice(1));
    const FlowInterval all{interpolant(z_src, z_hr, draw.s, noise, settings_.sigma),
                           draw.s,
                           draw.t,
                           {flow_condition(parts_.network->settings(), batch.lq, z_src), draw.prompt}};
    const at::Tensor velocity = z_hr - z_src;

    RecipeLosses losses;
    losses.predictions = {live_(all.x, all.s, all.t, all.given).to(z_src.scalar_type())};
    const at::Tensor errors_of_none = at::zeros({z_src.size(0)}, draw.s.options());
    // The mean over the batch of a term's values is its mean over the samples that have it.
    const auto add = [&](const char* name, double weight, bool diagonal, double samples) {
      at::Tensor values = errors_of_none;
      if (const at::Tensor rows = rows_of(draw, diagonal, z_src.device()); rows.size(0) > 0) {
        const FlowInterval here = all.rows(rows);
        const at::Tensor target = diagonal ? guided(here, velocity.index_select(0, rows))
                                           : target_of_interval(here, velocity.index_select(0, rows));
        const at::Tensor errors = mean_square_error(losses.predictions[0].index_select(0, rows), target);
        values = values.index_copy(0, rows, errors.to(values.scalar_type()) * (batch_ / samples));
      }
      losses.add(name, weight, values);
    };
    if (diagonal_ > 0) {
      add("diagonal", 1, true, diagonal_);
    }
    if (diagonal_ < batch_ && settings_.lambda_off > 0) {
      add("off", settings_.lambda_off, false, batch_ - diagonal_);
    }
    return losses;
  }

  at::Tensor predict(const Batch& batch) const override {
    const double omega = model_.guided_in_training() ? 1 : model_.omega;
    return parts_.network->sample_flow_map(batch.lq, {.omega = omega});
  }

  std::vector<std::pair<std::string, std::string>> facts() const override {
    auto facts = SuperResolutionRecipe::facts();
    facts.emplace_back(
        "flow map",
        fmt::format("{} targets of {}; {:.0f} of {:.0f} samples learn the velocity itself", settings_.variant,
                    settings_.averaged_targets() ? "the averaged weights" : "the network", diagonal_, batch_));
    return facts;
  }

 private:
  static at::Tensor rows_of(const FlowMapDraw& draw, bool diagonal, const at::Device& device) {
    std::vector<std::int64_t> rows;
    for (std::size_t b = 0; b < draw.diagonal.size(); ++b) {
      if (draw.diagonal[b] == diagonal) {
        rows.push_back(static_cast<std::int64_t>(b));
      }
    }
    return torch::tensor(rows, torch::kInt64).to(device);
  }

  at::Tensor guided(const FlowInterval& here, const at::Tensor& velocity) const {
    return guided_velocity(settings_.guidance_net == "ema" ? average_ : live_, here, velocity,
                           model_.guided_in_training() ? model_.omega : 1);
  }

  at::Tensor target_of_interval(const FlowInterval& here, const at::Tensor& velocity) const {
    const Velocity& net = settings_.averaged_targets() ? average_ : live_;
    return settings_.variant == "shortcut"     ? shortcut_target(net, here)
           : settings_.variant == "lagrangian" ? lagrangian_target(net, here)
                                               : eulerian_target(net, here, guided(here, velocity));
  }

  const FlowMapTrainSettings settings_;
  const FlowMapSettings model_;
  const FlowMapDraws draws_;
  const Velocity live_;
  const Velocity average_;
  const double batch_;     ///< samples of a step
  const double diagonal_;  ///< of which this many are diagonal
};

/// Whether position p of each `batch` is one of the `diagonal` that are spread over it.
bool is_diagonal(std::uint64_t position, std::uint64_t diagonal, std::uint64_t batch) {
  const std::uint64_t place = position % batch;
  return (place + 1) * diagonal / batch > place * diagonal / batch;
}

}  // namespace

FlowMapDraws seeded_flow_map_draws(const FlowMapTrainSettings& settings, std::uint64_t seed,
                                   std::int64_t global_batch) {
  const auto diagonal = static_cast<std::uint64_t>(settings.diagonal_samples(global_batch));
  return [settings, seed, diagonal, batch_size = static_cast<std::uint64_t>(global_batch)](const Batch& batch) {
    const auto uniform = [&](const char* purpose, std::int64_t count) {
      return uniform_at(derive_seed(seed, purpose), batch.position, {count}, at::kCPU);
    };
    const at::Tensor times = uniform("flowmap.times", 2);
    const at::Tensor lot = uniform("flowmap.prompt", 1).select(1, 0);
    FlowMapDraw draw;
    draw.s = std::get<0>(times.min(1));
    draw.t = std::get<0>(times.max(1));
    if (settings.intervals == "dyadic") {
      const at::Tensor level = (times.select(1, 0) * static_cast<double>(settings.dyadic_levels + 1)).floor();
      const at::Tensor count = level.exp2();
      draw.s = (times.select(1, 1) * count).floor() / count;
      draw.t = draw.s + 1 / count;
    }
    for (std::size_t b = 0; b < batch.position.size(); ++b) {
      draw.diagonal.push_back(is_diagonal(batch.position[b], diagonal, batch_size));
      if (draw.diagonal.back()) {
        const auto row = static_cast<std::int64_t>(b);
        draw.s[row] = draw.t[row] = times[row][0];
      }
    }
    draw.prompt = lot.lt(settings.p_neg).to(at::kLong);
    const at::Device device = batch.lq.device();
    draw.s = draw.s.to(device);
    draw.t = draw.t.to(device);
    draw.prompt = draw.prompt.to(device);
    return draw;
  };
}

std::unique_ptr<Recipe> make_flowmap_recipe(SuperResolutionParts parts, const FlowMapTrainSettings& settings,
                                            FlowMapDraws draws) {
  const ModelSettings& model = parts.network->settings();
  TORCH_CHECK(parts.average, "flowmap: its targets and its guidance need the averaged weights");
  settings.check(model.flow_map);
  if (!draws) {
    draws = seeded_flow_map_draws(settings, parts.train.seed, parts.train.global_batch);
  }
  return std::make_unique<FlowMapRecipe>(std::move(parts), settings, std::move(draws));
}

std::unique_ptr<Recipe> make_flowmap(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  // Before the networks: what does not fit is said at once.
  config.flowmap.check(config.model.flow_map);
  config.flowmap.diagonal_samples(config.train.global_batch);
  return make_flowmap_recipe(make_parts(method_named("flowmap"), context), config.flowmap);
}

}  // namespace samsr
