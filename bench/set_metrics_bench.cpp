// FID between two folders of pictures, as bench/set_metrics_reference.py has it of pyiqa: values and seconds, those of
// the interval included.
//
//   python bench/set_metrics_reference.py weights WEIGHTS_FOLDER
//   python bench/set_metrics_reference.py time WEIGHTS_FOLDER PRED_FOLDER REF_FOLDER
//   set_metrics_bench WEIGHTS_FOLDER PRED_FOLDER REF_FOLDER
//
// Threads: OMP_NUM_THREADS.

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <iostream>

#include "core/error.h"
#include "eval/measure/evaluate.h"
#include "eval/metrics/choose_metrics.h"
#include "models/weights/official_files.h"

namespace {

void measure(const samsr::Metric& metric, const samsr::Comparison& comparison, samsr::Communicator& communicator,
             samsr::Log& log, samsr::InputProblems& problems) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t start_cpu = std::clock();
  const samsr::Results results = evaluate(comparison, {&metric}, 0, communicator, log, problems);
  const double cpu = static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto interval = results.methods[0].interval(0);
  std::cout << fmt::format("{:<12} {:.9g} {:9.2f} s {:9.2f} s of all cores together, interval {}\n", metric.name(),
                           results.methods[0].mean(0), seconds, cpu,
                           interval ? samsr::display_interval(*interval, 4) : "none");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: set_metrics_bench WEIGHTS_FOLDER PRED_FOLDER REF_FOLDER (see set_metrics_reference.py)\n";
    return 2;
  }
  try {
    const samsr::OfficialFiles files(samsr::OfficialFilesSettings{.folder = argv[1]});
    const samsr::ChosenMetrics chosen = samsr::choose_metrics("fid,fid_pytorch", {.files = &files});
    const auto communicator = samsr::make_single_communicator();
    samsr::Log log(std::cerr, 0, 1, false);
    samsr::InputProblems problems;
    samsr::EvalRequest request;
    request.methods.push_back({"pred", argv[2]});
    request.reference = argv[3];
    const samsr::Comparison comparison = plan_comparison(request, 4, problems);
    for (const auto& metric : chosen.metrics) {
      measure(*metric, comparison, *communicator, log, problems);
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
