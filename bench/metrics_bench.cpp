// The metrics against pyiqa on the same pictures with the same weights: milliseconds, those of all cores together
// (which other programs disturb less), and how far the scores agree.
//
//   python bench/metrics_reference.py weights WEIGHTS_FOLDER
//   python bench/metrics_reference.py time WEIGHTS_FOLDER GT_FOLDER LQ_FOLDER REFERENCE.h5
//   metrics_bench REFERENCE.h5 WEIGHTS_FOLDER [METRIC,…]
//
// Threads: OMP_NUM_THREADS.

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iostream>
#include <vector>

#include "core/error.h"
#include "eval/metrics/choose_metrics.h"
#include "support/golden.h"

namespace {

constexpr std::size_t kRounds = 5;  // at least
constexpr double kSeconds = 0.5;    // at least
constexpr std::array<const char*, 3> kCases = {"256x256", "8 of 256x256", "1024x768"};

struct Result {
  at::Tensor scores;
  double seconds = 0;      ///< median
  double cpu_seconds = 0;  ///< median, of all cores together
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Result run(const samsr::Metric& metric, const at::Tensor& pred, const at::Tensor& ref) {
  Result result;
  metric.score(pred, ref);
  std::vector<double> seconds;
  std::vector<double> cpu;
  double elapsed = 0;
  while (seconds.size() < kRounds || elapsed < kSeconds) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t start_cpu = std::clock();
    result.scores = metric.score(pred, ref);
    cpu.push_back(static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    elapsed += seconds.back();
  }
  result.seconds = median(seconds);
  result.cpu_seconds = median(cpu);
  return result;
}

void compare(const samsr::testing::Golden& reference, const samsr::Metric& metric, const std::string& name) {
  const auto pictures = [&](const std::string& which) {
    return reference.read("in/" + name + "/" + which).permute({0, 3, 1, 2}).contiguous();
  };
  const std::string published = "out/" + name + "/" + metric.name() + "/";
  if (!reference.has("out/" + name) || !reference.has("out/" + name + "/" + metric.name())) {
    return;
  }
  const Result ours = run(metric, pictures("pred"), pictures("ref"));
  const double seconds = reference.read(published + "seconds").item<double>();
  const double cpu = reference.read(published + "cpu_seconds").item<double>();
  const double apart = (ours.scores - reference.read(published + "scores")).abs().max().item<double>();
  std::cout << fmt::format("{:<10} {:<14} {:9.2f} {:9.2f} {:6.1f}x {:9.2f} {:9.2f} {:6.1f}x   {:.1e}\n", metric.name(),
                           name, seconds * 1e3, ours.seconds * 1e3, seconds / ours.seconds, cpu * 1e3,
                           ours.cpu_seconds * 1e3, cpu / ours.cpu_seconds, apart);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "usage: metrics_bench REFERENCE.h5 WEIGHTS_FOLDER [METRIC,…] (see metrics_reference.py)\n";
    return 2;
  }
  try {
    const samsr::testing::Golden reference(argv[1]);
    const samsr::OfficialFiles files(samsr::OfficialFilesSettings{.folder = argv[2]});
    const std::string names = argc > 3 ? argv[3] : fmt::format("{}", fmt::join(samsr::metric_names(), ","));
    const samsr::ChosenMetrics chosen = samsr::choose_metrics(names, {.files = &files});
    for (const std::string& line : chosen.left_out) {
      std::cout << line << '\n';
    }
    std::cout << "metric     pictures       pyiqa ms   ours ms   ratio  CPU: pyiqa      ours   ratio   scores apart\n";
    for (const auto& metric : chosen.metrics) {
      for (const char* name : kCases) {
        compare(reference, *metric, name);
      }
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
