// What L_SC by a coverage net adds to a training step: the net on the HR picture, on the prediction, and back to the
// prediction, at the size of the paper (one sample) and of the quickstart (16), on latents or images. `vq_f4/image`
// decodes the prediction first, with the published autoencoder's size. Weights are fresh; the cost is the same.
// The step itself: train_step_bench.
//
//   semantic_loss_bench --benchmark_min_time=1
//
// Threads: OMP_NUM_THREADS.

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "models/layers/autocast.h"
#include "train/losses/semantic_loss.h"

namespace {

using samsr::CoverageNet;
using samsr::FirstStageSettings;

struct Case {
  std::string first_stage;
  std::string input;
  std::int64_t size;  ///< of the LR image
  std::int64_t count;
};

std::shared_ptr<samsr::FirstStage> fresh_first_stage(const FirstStageSettings& settings) {
  return settings.type == "vq_f4" ? samsr::make_vq_first_stage(samsr::VQModelTorch(settings.autoencoder), settings)
                                  : samsr::make_first_stage(settings);
}

CoverageNet frozen_net(const std::string& input, const FirstStageSettings& first_stage) {
  CoverageNet net = samsr::make_coverage_net({}, samsr::coverage_net_input(input, first_stage, 4), 1);
  for (at::Tensor& parameter : net->parameters()) {
    parameter.requires_grad_(false);
  }
  return net;
}

void semantic_loss(benchmark::State& state, const Case& what, bool bf16) {
  FirstStageSettings settings;
  settings.type = what.first_stage;
  const auto first_stage = fresh_first_stage(settings);
  const auto loss = samsr::make_coverage_net_loss(frozen_net(what.input, settings), 1);
  const auto latents = [&] { return torch::randn({what.count, first_stage->channels(), what.size, what.size}); };
  const auto picture_of = [&](const at::Tensor& latent) {
    return loss->needs_image() ? first_stage->decode(latent) : latent;
  };
  const at::Tensor truth =
      loss->needs_image() ? torch::rand({what.count, 3, 4 * what.size, 4 * what.size}) * 2 - 1 : latents();
  const at::Tensor prediction = latents().requires_grad_();
  for (auto _ : state) {
    at::Tensor total;
    {
      const samsr::Autocast autocast(at::kCPU, bf16);
      total = loss->of(picture_of(prediction), truth);
    }
    total.sum().backward();
    benchmark::DoNotOptimize(prediction.grad().data_ptr());
  }
}

void register_all() {
  for (const auto& [name, what] :
       {std::pair("paper/vq_f4/latent", Case{"vq_f4", "latent", 64, 1}),
        std::pair("paper/vq_f4/image", Case{"vq_f4", "image", 64, 1}),
        std::pair("paper/space_to_depth/image", Case{"space_to_depth", "image", 64, 1}),
        std::pair("quickstart/space_to_depth/image", Case{"space_to_depth", "image", 32, 16})}) {
    for (const bool bf16 : {false, true}) {
      const std::string title = std::string(name) + (bf16 ? "/bf16" : "/fp32");
      benchmark::RegisterBenchmark(title.c_str(),
                                   [=, each = what](benchmark::State& state) { semantic_loss(state, each, bf16); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
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
