// What single choices of the training step bring, each against what it replaced, on the paper's network: one pass of
// three samples against three of one, one call for all parameters against one for each in update and average. Beside
// them one forward pass, the yardstick of the machine.
//
//   step_parts_bench --benchmark_min_time=1
//
// Threads: OMP_NUM_THREADS.

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "bench/step_models.h"
#include "diffusion/distillation.h"
#include "models/layers/autocast.h"
#include "models/layers/channels_last.h"
#include "train/step/adamw.h"
#include "train/step/ema.h"

namespace {

/// The yardstick: what all else is made of.
void forward_pass(benchmark::State& state, bool bf16) {
  samsr::SuperResolutionModel student(samsr::bench::paper_model(), 1);
  const samsr::Batch batch = samsr::bench::noise_batch(student.settings(), 64, 1, /*rollouts=*/false);
  const torch::NoGradGuard no_grad;
  for (auto _ : state) {
    const samsr::Autocast autocast(at::kCPU, bf16);
    benchmark::DoNotOptimize(student.unet()->forward(batch.z_y, torch::zeros({1}, torch::kLong), batch.lq).data_ptr());
  }
}

void three_predictions(benchmark::State& state, bool one_by_one, bool bf16) {
  samsr::SuperResolutionModel student(samsr::bench::paper_model(), 1);
  const samsr::Batch batch = samsr::bench::noise_batch(student.settings(), 64, 1, /*rollouts=*/true);
  const samsr::DistillBatch step{batch.z_0, batch.z_y, batch.lq, batch.z_y, batch.x0};
  for (auto _ : state) {
    at::Tensor loss;
    {
      const samsr::Autocast autocast(at::kCPU, bf16);
      const auto predictions =
          samsr::distill_predictions(student.diffusion(), samsr::denoiser_of(student.unet()), step, {}, one_by_one);
      loss = (samsr::mean_square_error(predictions.x0, step.teacher_x0) +
              samsr::mean_square_error(predictions.x_T, step.x_T) +
              samsr::mean_square_error(predictions.x0_from_gt, step.z_0))
                 .sum();
    }
    loss.backward();
  }
}

/// The paper's parameters with gradients, laid out as in training.
struct Parameters {
  Parameters() : network(samsr::bench::paper_model().unet) {
    samsr::use_channels_last(*network);
    for (const auto& parameter : network->named_parameters()) {
      names.push_back(parameter.key());
      values.push_back(parameter.value());
      values.back().mutable_grad() = torch::randn_like(parameter.value());
      averages.push_back(parameter.value().detach().clone());
    }
  }
  samsr::UNetSwin network;
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  std::vector<at::Tensor> averages;
};

void update_in_one_call(benchmark::State& state) {
  const Parameters parameters;
  samsr::AdamW optimizer(parameters.names, parameters.values, {});
  const at::Tensor skip = torch::zeros({});
  for (auto _ : state) {
    optimizer.step(1e-5, skip);
  }
}

void update_one_by_one(benchmark::State& state) {
  const Parameters parameters;
  torch::optim::AdamW optimizer(parameters.values, torch::optim::AdamWOptions(1e-5).weight_decay(0));
  for (auto _ : state) {
    optimizer.step();
  }
}

void average_in_one_call(benchmark::State& state) {
  const Parameters parameters;
  samsr::Ema ema(parameters.values, parameters.averages, 0.999);
  const at::Tensor skip = torch::zeros({});
  for (auto _ : state) {
    ema.update(skip);
  }
}

void average_one_by_one(benchmark::State& state) {
  Parameters parameters;
  const torch::NoGradGuard no_grad;
  for (auto _ : state) {
    for (std::size_t i = 0; i < parameters.values.size(); ++i) {
      parameters.averages[i].mul_(0.999).add_(parameters.values[i], 0.001);
    }
  }
}

BENCHMARK_CAPTURE(forward_pass, fp32, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(forward_pass, bf16, true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(three_predictions, one_pass_fp32, false, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(three_predictions, three_passes_fp32, true, false)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(three_predictions, one_pass_bf16, false, true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(three_predictions, three_passes_bf16, true, true)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(update_in_one_call)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(update_one_by_one)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(average_in_one_call)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(average_one_by_one)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
