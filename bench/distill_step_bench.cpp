// One distillation step (SAMSR) at the size of the paper or of the quickstart, with the teacher's rollout computed in
// the step (online) or kept with the data (cached): what a training step costs without data and optimizer. Networks
// have fresh weights; the data is noise, whose cost is the same.
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

/// With a rollout for every sample, as shards would give it.
Batch with_rollouts(Batch batch) {
  batch.x0 = torch::rand_like(batch.z_0) * 2 - 1;
  batch.noise_seed = batch.position;
  return batch;
}

struct Case {
  ModelSettings model;
  std::int64_t size;  ///< of the LR image
  std::int64_t count;
};

void distill_step(benchmark::State& state, const Case& what, bool cached, bool bf16) {
  samsr::SuperResolutionModel student(what.model, 1);
  const auto teacher = cached ? nullptr : std::make_unique<samsr::SuperResolutionModel>(what.model, 2);
  samsr::TrainSettings train;
  train.recipe = "samsr";
  const samsr::DistillSettings distill;
  const auto recipe = samsr::make_recipe({train, distill, student, teacher.get()});
  Batch batch = noise_batch(what.model, what.size, what.count);
  if (cached) {
    batch = with_rollouts(std::move(batch));
  }
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
      benchmark::Counter(static_cast<double>(what.count * state.iterations()), benchmark::Counter::kIsRate);
}

void register_all() {
  for (const auto& [name, what] :
       {std::pair("paper", Case{paper_model(), 64, 1}), std::pair("quickstart", Case{quickstart_model(), 32, 16})}) {
    for (const bool cached : {false, true}) {
      for (const bool bf16 : {false, true}) {
        const std::string title =
            std::string(name) + (cached ? "/cached" : "/online") + (bf16 ? "/bf16" : "/fp32");
        benchmark::RegisterBenchmark(title.c_str(), [=, each = what](benchmark::State& state) {
          distill_step(state, each, cached, bf16);
        })->Unit(benchmark::kMillisecond)->UseRealTime();
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 2;
  }
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
