// The metrics against pyiqa on the same pictures with the same weights: milliseconds, and how far the scores agree.
//
//   python bench/metrics_reference.py weights WEIGHTS_FOLDER
//   python bench/metrics_reference.py time WEIGHTS_FOLDER GT_FOLDER LQ_FOLDER REFERENCE.h5
//   metrics_bench REFERENCE.h5 WEIGHTS_FOLDER [METRIC,…]
//
// Threads: OMP_NUM_THREADS.

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/ranges.h>
#include <iostream>
#include <vector>

#include "core/error.h"
#include "eval/metrics/choose_metrics.h"
#include "support/golden.h"

namespace {

constexpr int kWarmUp = 1;
constexpr int kRounds = 5;
constexpr std::array<const char*, 3> kCases = {"256x256", "8 of 256x256", "1024x768"};

struct Result {
  at::Tensor scores;
  double seconds = 0;  ///< median
};

Result run(const samsr::Metric& metric, const at::Tensor& pred, const at::Tensor& ref) {
  Result result;
  std::vector<double> seconds;
  for (int i = 0; i < kWarmUp + kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    result.scores = metric.score(pred, ref);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin() + kWarmUp, seconds.end());
  result.seconds = seconds[kWarmUp + kRounds / 2];
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
  const double apart = (ours.scores - reference.read(published + "scores")).abs().max().item<double>();
  std::cout << fmt::format("{:<10} {:<14} {:9.1f} {:9.1f} {:7.1f}x   {:.1e}\n", metric.name(), name, seconds * 1e3,
                           ours.seconds * 1e3, seconds / ours.seconds, apart);
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
    std::cout << "metric     pictures           pyiqa      ours   ratio   scores apart (ms, ms)\n";
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
