// Whole training steps of SAMSR, as the trainer makes them: losses, backward pass, exchange of gradients, AdamW and
// average, at the size of the paper or of the quickstart, with the teacher's rollout computed in the step (online) or
// kept with the data (cached), on any number of ranks. Networks have fresh weights; the data is noise, whose cost is
// the same. One line: median of the steps, images/s over all ranks, peak memory of a rank.
//
//   train_step_bench --size paper --teacher cached --bf16 --steps 5
//   mpirun -n 2 --bind-to none train_step_bench --size quickstart --batch 16
//   mpirun -n 2 --bind-to none train_step_bench --matmul      what the machine itself gives to two processes
//
// bench/scaling runs them in turns.

#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>

#include "bench/step_models.h"
#include "comm/communicator.h"
#include "core/memory.h"
#include "train/recipes/super_resolution.h"
#include "train/step/train_step.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string size = "quickstart";
  std::string teacher = "cached";
  std::int64_t batch = 0;
  std::int64_t microbatch = 64;
  int steps = 5;
  int threads = 1;
  bool bf16 = false;
  bool checkpoint_activations = false;
  bool matmul = false;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The slowest rank's time of each repetition, the first left out; their median.
double median_seconds(int repetitions, samsr::Communicator& communicator, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i <= repetitions; ++i) {
    communicator.barrier();
    const double longest = communicator.max(seconds_of(work));
    if (i > 0) {
      seconds.push_back(longest);
    }
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

void run_matmul(const Options& options, samsr::Communicator& communicator) {
  constexpr std::int64_t kSize = 1536;
  constexpr int kProducts = 10;
  const at::Tensor a = torch::rand({kSize, kSize});
  at::Tensor product = torch::empty({kSize, kSize});
  const double seconds = median_seconds(options.steps, communicator, [&] {
    for (int i = 0; i < kProducts; ++i) {
      at::mm_out(product, a, a);
    }
  });
  const double operations = 2.0 * kProducts * kSize * kSize * kSize * communicator.size();
  if (communicator.rank() == 0) {
    std::cout << fmt::format("matmul fp32, {} rank(s) x {} thread(s): {:.1f} GFLOP/s\n", communicator.size(),
                             options.threads, operations / seconds / 1e9);
  }
}

void run_steps(const Options& options, samsr::Communicator& communicator) {
  const bool paper = options.size == "paper";
  const samsr::ModelSettings settings = paper ? samsr::bench::paper_model() : samsr::bench::quickstart_model();
  const std::int64_t global_batch = options.batch > 0 ? options.batch : (paper ? communicator.size() : 16);
  const samsr::BatchPlan plan(global_batch, options.microbatch, communicator.rank(), communicator.size());
  const bool online = options.teacher == "online";
  samsr::SuperResolutionParts parts;
  parts.network = std::make_shared<samsr::SuperResolutionModel>(settings, 1);
  if (options.checkpoint_activations) {
    parts.network->unet()->recompute_activations(true);
    samsr::return_freed_memory_at_once();
  }
  parts.teacher = online ? std::make_shared<samsr::SuperResolutionModel>(settings, 2) : nullptr;
  parts.average = std::make_shared<samsr::LoadedModel>(
      samsr::LoadedModel{std::make_unique<samsr::SuperResolutionModel>(settings, 1), &samsr::method_named("samsr")});
  parts.train.checkpoint_activations = options.checkpoint_activations;
  parts.train.precision = options.bf16 ? "bf16" : "fp32";
  parts.noise = samsr::seeded_noise(parts.train.seed);
  const samsr::TrainSettings train = parts.train;
  const auto recipe = samsr::make_samsr_recipe(std::move(parts));
  std::vector<samsr::TrainableState> states = samsr::make_states(*recipe, train.ema_rate);
  states.front().start_average();
  states.front().connect(communicator);
  samsr::TrainStep step({*recipe, states, plan, train});
  const samsr::Batch batch = samsr::bench::noise_batch(settings, paper ? 64 : 32, plan.count, !online);
  const double seconds = median_seconds(options.steps, communicator, [&] { step.run(1, [&] { return batch; }); });
  const double peak = communicator.max(samsr::peak_memory_mb());
  if (communicator.rank() == 0) {
    std::cout << fmt::format(
        "{} {} {}{}, {} rank(s) x {} thread(s), {} images: {:.3f} s a step, {:.3f} images/s, peak {:.0f} MB\n",
        options.size, options.teacher, options.bf16 ? "bf16" : "fp32",
        options.checkpoint_activations ? " checkpointed" : "", communicator.size(), options.threads, global_batch,
        seconds, static_cast<double>(global_batch) / seconds, peak);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("times whole training steps");
  app.add_option("--size", options.size)->check(CLI::IsMember({"paper", "quickstart"}));
  app.add_option("--teacher", options.teacher)->check(CLI::IsMember({"online", "cached"}));
  app.add_option("--batch", options.batch, "images a step over all ranks; 0: 16, or one a rank at the paper's size");
  app.add_option("--microbatch", options.microbatch);
  app.add_option("--steps", options.steps, "steps timed, after one that is not")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "of a rank")->check(CLI::PositiveNumber);
  app.add_flag("--bf16", options.bf16);
  app.add_flag("--checkpoint-activations", options.checkpoint_activations);
  app.add_flag("--matmul", options.matmul, "a plain matrix product instead");
  CLI11_PARSE(app, argc, argv);
  const auto communicator = samsr::make_communicator();
  at::set_num_threads(options.threads);
  options.matmul ? run_matmul(options, *communicator) : run_steps(options, *communicator);
  return 0;
}
