// Whole training steps of SAMSR, at the size of the paper or of the quickstart, with the teacher's rollout computed in
// the step (online) or kept with the data (cached), on any number of ranks, on the CPU or on a GPU. One line a case:
// median of the steps, images/s over all ranks, peak memory of a rank.
//
//   train_step_bench --size paper --teacher cached --precision bf16 --steps 5
//   train_step_bench --device cuda --size paper --teacher cached,online --batch 8,16,32,64 --precision bf16 --json
//   train_step_bench --device cuda --size paper --lora 16       with the network frozen, and adapters
//   train_step_bench --device cuda --size paper --ceilings      what the device itself gives
//   train_step_bench --device cuda --size paper --resume        whether resumed steps give the same bits
//   train_step_bench --device cuda --size paper --profile DIR   a Chrome trace of two steps
//   mpirun -n 2 --bind-to none train_step_bench --size quickstart --batch 16
//   mpirun -n 2 --bind-to none train_step_bench --matmul        what the machine itself gives to two processes
//
// bench/scaling runs ranks in turns; bench/gpu_check runs it on a GPU.

#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/device_ceilings.h"
#include "bench/step_bench.h"
#include "comm/communicator.h"
#include "comm/device.h"
#include "core/error.h"

namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string device = "cpu";
  std::string size = "quickstart";
  std::int64_t lora = 0;
  std::vector<std::string> teachers{"cached"};
  std::vector<std::int64_t> batches;
  samsr::bench::StepCase each;
  int warm_up = 1;
  int steps = 5;
  int threads = 1;
  bool json = false;
  bool ceilings = false;
  bool resume = false;
  std::string profile;
  bool matmul = false;
};

/// Operations of all ranks in seconds of the slowest, the median of some repetitions after a first.
void run_matmul(const Options& options, samsr::Communicator& communicator) {
  constexpr std::int64_t kSize = 1536;
  constexpr int kProducts = 10;
  const at::Tensor a = torch::rand({kSize, kSize});
  at::Tensor product = torch::empty({kSize, kSize});
  std::vector<double> seconds;
  for (int repetition = 0; repetition <= options.steps; ++repetition) {
    communicator.barrier();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kProducts; ++i) {
      at::mm_out(product, a, a);
    }
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double longest = communicator.max(taken);
    if (repetition > 0) {
      seconds.push_back(longest);
    }
  }
  std::ranges::sort(seconds);
  const double operations = 2.0 * kProducts * kSize * kSize * kSize * communicator.size();
  if (communicator.rank() == 0) {
    std::cout << fmt::format("matmul fp32, {} rank(s) x {} thread(s): {:.1f} GFLOP/s\n", communicator.size(),
                             options.threads, operations / seconds[seconds.size() / 2] / 1e9);
  }
}

void print(const Options& options, const Json& figures, const std::string& text) {
  std::cout << (options.json ? figures.dump() : text) << std::endl;
}

void run_ceilings(const Options& options, c10::Device device) {
  for (const samsr::bench::Ceiling& ceiling : samsr::bench::ceilings_of(device)) {
    print(options, {{"what", ceiling.what}, {"rate", ceiling.rate}, {"unit", ceiling.unit}},
          fmt::format("{}: {:.3f} {}", ceiling.what, ceiling.rate, ceiling.unit));
  }
}

void run_case(const Options& options, const samsr::bench::StepCase& each, samsr::bench::StepBench& bench,
              samsr::Communicator& communicator) {
  const samsr::bench::StepFigures figures = bench.measure(each, options.warm_up, options.steps);
  if (communicator.rank() != 0) {
    return;
  }
  const double per_second = static_cast<double>(each.batch) / figures.ms * 1e3;
  const std::optional<double> operations = bench.operations(each);
  Json json{{"who", "samsr"},
            {"device", options.device},
            {"size", options.size},
            {"lora", options.lora},
            {"teacher", each.teacher},
            {"precision", each.precision},
            {"batch", each.batch},
            {"microbatch", each.microbatch},
            {"exchange", each.exchange},
            {"deterministic", each.deterministic},
            {"graphs", each.graphs},
            {"checkpointed", each.checkpoint_activations},
            {"ranks", communicator.size()},
            {"threads", options.threads},
            {"ms", figures.ms},
            {"host_ms", figures.host_ms},
            {"images_s", per_second},
            {"peak_gb", figures.peak_mb / 1e3}};
  if (operations) {
    json["tflops"] = *operations * per_second / 1e12;
  }
  for (std::size_t phase = 0; phase < samsr::kStepPhaseNames.size(); ++phase) {
    json[std::string(samsr::kStepPhaseNames[phase]) + "_ms"] = figures.phases.ms[phase];
  }
  print(options, json,
        fmt::format(
            "{}{} {} {}{}, {} rank(s) x {} thread(s), {} images: {:.3f} s a step, {:.3f} images/s, peak {:.0f} MB",
            options.size, options.lora > 0 ? fmt::format(" adapters of rank {}", options.lora) : std::string(),
            each.teacher, each.precision, each.checkpoint_activations ? " checkpointed" : "", communicator.size(),
            options.threads, each.batch, figures.ms / 1e3, per_second, figures.peak_mb));
}

void run_steps(const Options& options, c10::Device device, samsr::Communicator& communicator) {
  samsr::bench::StepBench bench(options.size, options.lora, device, communicator);
  std::vector<std::int64_t> batches = options.batches;
  if (batches.empty()) {
    batches = {options.size == "paper" ? communicator.size() : 16};
  }
  samsr::bench::StepCase each = options.each;
  for (const std::string& teacher : options.teachers) {
    each.teacher = teacher;
    for (const std::int64_t batch : batches) {
      each.batch = batch;
      if (options.resume) {
        const auto difference = bench.difference_when_resumed(each, options.steps);
        print(
            options,
            {{"what", "resume"}, {"equal", !difference}, {"first_difference", difference ? Json(*difference) : Json()}},
            difference ? "resumed steps differ first in " + *difference : "resumed steps give the same bits");
      } else if (!options.profile.empty()) {
        bench.profile(each, options.profile);
      } else {
        run_case(options, each, bench, communicator);
      }
    }
  }
}

void run(const Options& options) {
  const auto communicator = samsr::make_communicator();
  at::set_num_threads(options.threads);
  if (options.matmul) {
    run_matmul(options, *communicator);
    return;
  }
  const samsr::DeviceChoice chosen = samsr::choose_device({.device = options.device}, *communicator);
  if (options.ceilings) {
    run_ceilings(options, chosen.device);
  } else {
    run_steps(options, chosen.device, *communicator);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("times whole training steps");
  const auto positive = CLI::PositiveNumber;
  app.add_option("--device", options.device)->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--size", options.size)->check(CLI::IsMember({"paper", "quickstart"}));
  app.add_option("--lora", options.lora, "train adapters of this rank beside frozen weights (train.lora.rank)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--teacher", options.teachers)->delimiter(',')->check(CLI::IsMember({"online", "cached"}));
  app.add_option("--batch", options.batches, "images a step over all ranks (default: 16, or one a rank)")
      ->delimiter(',')
      ->check(positive);
  app.add_option("--microbatch", options.each.microbatch)->check(positive);
  app.add_option("--precision", options.each.precision)->check(CLI::IsMember({"fp32", "tf32", "bf16"}));
  app.add_option("--exchange", options.each.exchange, "auto, or one to go through on a rank alone too")
      ->check(CLI::IsMember({"auto", "nccl", "host"}));
  app.add_option("--deterministic", options.each.deterministic);
  app.add_option("--graphs", options.each.graphs, "train.graphs");
  app.add_option("--steps", options.steps, "steps timed")->check(positive);
  app.add_option("--warm-up", options.warm_up, "steps before those")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options.threads, "of a rank")->check(positive);
  app.add_flag("--checkpoint-activations", options.each.checkpoint_activations);
  app.add_flag("--json", options.json, "figures as JSON");
  app.add_flag("--ceilings", options.ceilings, "what the device itself gives, instead");
  app.add_flag("--resume", options.resume, "whether steps from a saved state give the same bits, instead");
  app.add_option("--profile", options.profile, "a Chrome trace of two steps into this folder, instead");
  app.add_flag("--matmul", options.matmul, "a plain matrix product, instead");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const samsr::UserError& error) {
    std::cerr << "train_step_bench: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
