#include "train/report/step_profiler.h"

#include <torch/csrc/autograd/profiler_kineto.h>

#include <cstdlib>
#include <set>

#include "core/error.h"
#include "core/output.h"

namespace samsr {
namespace {

namespace profiler = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;

// The first steps are slower, and on a GPU graphs are captured in one of them.
constexpr std::int64_t kWarmUp = 3;
constexpr std::int64_t kWarmUpOfGpu = 5;

std::set<ActivityType> activities_on(const c10::Device& device) {
  if (device.is_cuda()) {
    return {ActivityType::CPU, ActivityType::CUDA};
  }
  return {ActivityType::CPU};
}

torch::profiler::impl::ProfilerConfig kineto() {
  return torch::profiler::impl::ProfilerConfig(torch::profiler::impl::ProfilerState::KINETO);
}

}  // namespace

StepProfiler::StepProfiler(std::int64_t steps, std::filesystem::path out, int rank, c10::Device device, Log& log)
    : left_(steps),
      warm_up_(device.is_cpu() ? kWarmUp : kWarmUpOfGpu),
      out_(std::move(out)),
      rank_(rank),
      device_(device),
      log_(log) {}

StepProfiler::~StepProfiler() {
  if (recording_) {
    profiler::disableProfiler();
  }
}

void StepProfiler::before(std::int64_t step) {
  if (left_ == 0 || recording_) {
    return;
  }
  if (warm_up_ > 0) {
    --warm_up_;
    return;
  }
  start(step);
}

void StepProfiler::start(std::int64_t step) {
  first_ = step;
  recording_ = true;
  if (device_.is_cpu()) {
    // Kineto looks for GPUs whatever is recorded, and prints an error where there are none.
    setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);
  }
  profiler::prepareProfiler(kineto(), activities_on(device_));
  profiler::enableProfiler(kineto(), activities_on(device_));
}

void StepProfiler::after() {
  if (recording_ && --left_ == 0) {
    write();
  }
}

void StepProfiler::finish() {
  if (recording_) {
    write();
  } else if (left_ > 0) {
    log_.warning(
        "--profile: the run ended before its first steps were over, so nothing was recorded; give it more "
        "train.steps");
  }
  left_ = 0;
}

void StepProfiler::write() {
  recording_ = false;
  const std::filesystem::path file = out_ / fmt::format("trace-rank{}-step{}.json", rank_, first_);
  profiler::disableProfiler()->save(file.string());
  if (!std::filesystem::exists(file)) {
    check_writable(out_, "--profile");  // the profiler does not say why
    throw UserError("{}: cannot be written; make room or choose another place", file.string());
  }
  log_.info("profile: {} (one a rank), for chrome://tracing or ui.perfetto.dev", file.string());
}

}  // namespace samsr
