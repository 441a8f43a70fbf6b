// One distillation step (SAMSR, online teacher) at the size of the paper or of the quickstart: what a training
// step costs without data and optimizer. Networks have fresh weights; the data is noise, whose cost is the same.
//
//   distill_step_bench --benchmark_filter='paper' --benchmark_min_time=1
//
// Threads: OMP_NUM_THREADS.

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "diffusion/super_resolution_model.h"
#include "models/autocast.h"
#include "train/recipe.h"

namespace {

using samsr::Batch;
using samsr::ModelSettings;

ModelSettings quickstart_model() {
  ModelSettings model;
  model.first_stage.type = "space_to_depth";
  model.unet.in_channels = 51;
  model.unet.out_channels = 48;
  model.unet.model_channels = 32;
  model.unet.attention_resolutions = {32, 16};
  model.unet.channel_mult = {1, 2, 4};
  model.unet.num_res_blocks = {1, 1, 2};
  model.unet.swin_embed_dim = 64;
  model.diffusion.steps = 4;
  model.diffusion.power = 1;
  model.diffusion.kappa = 1;
  model.diffusion.predict_type = "residual";
  return model;
}

/// The paper's network and schedule on cached latents. The autoencoder takes no part in a latent-space step, so a
/// first stage of the same geometry without weights stands in for it: three channels at the LR image's size.
ModelSettings paper_model() {
  ModelSettings model;
  model.first_stage.type = "none";
  model.scale = 1;
  return model;
}

Batch noise_batch(const ModelSettings& model, std::int64_t size, std::int64_t count) {
  Batch batch;
  const std::int64_t channels = model.unet.out_channels;
  batch.lq = torch::rand({count, 3, size, size}) * 2 - 1;
  batch.z_0 = torch::rand({count, channels, size, size}) * 2 - 1;
  batch.z_y = torch::rand({count, channels, size, size}) * 2 - 1;
  batch.coverage = torch::randint(0, 5, {count, 1, size, size}, torch::kUInt8);
  for (std::int64_t i = 0; i < count; ++i) {
    batch.position.push_back(static_cast<std::uint64_t>(i));
    batch.sample.push_back(static_cast<std::uint64_t>(i));
  }
  return batch;
}

void distill_step(benchmark::State& state, const ModelSettings& model, std::int64_t size, std::int64_t count, bool bf16) {
  samsr::SuperResolutionModel student(model, 1);
  samsr::SuperResolutionModel teacher(model, 2);
  samsr::TrainSettings train;
  train.recipe = "samsr";
  const samsr::DistillSettings distill;
  const auto recipe = samsr::make_recipe({train, distill, student, &teacher});
  const Batch batch = noise_batch(model, size, count);
  for (auto _ : state) {
    at::Tensor total;
    {
      const samsr::Autocast autocast(at::kCPU, bf16);
      total = recipe->losses(batch).total;
    }
    total.mean().backward();
    benchmark::DoNotOptimize(total.data_ptr());
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(count * state.iterations()), benchmark::Counter::kIsRate);
}

void paper_fp32(benchmark::State& state) { distill_step(state, paper_model(), 64, 1, false); }
void paper_bf16(benchmark::State& state) { distill_step(state, paper_model(), 64, 1, true); }
void quickstart_fp32(benchmark::State& state) { distill_step(state, quickstart_model(), 32, 16, false); }
void quickstart_bf16(benchmark::State& state) { distill_step(state, quickstart_model(), 32, 16, true); }

BENCHMARK(paper_fp32)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(paper_bf16)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(quickstart_fp32)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(quickstart_bf16)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
