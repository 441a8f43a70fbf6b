#include "train/report/metrics_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"

namespace samsr {
namespace {

std::string lines_up_to(const std::filesystem::path& file, std::int64_t last_step) {
  std::string kept;
  if (!std::filesystem::exists(file)) {
    return kept;
  }
  std::istringstream lines(read_file(file));
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (entry.is_object() && entry.contains("step") && entry["step"].is_number() && entry["step"] <= last_step) {
      kept += line + "\n";
    }
  }
  return kept;
}

/// To the millisecond.
double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) / 1e3;
}

}  // namespace

std::vector<std::pair<std::string, double>> named_values(const StepMetrics& metrics) {
  std::vector<std::pair<std::string, double>> values = metrics.losses;
  values.insert(values.end(), metrics.validation.begin(), metrics.validation.end());
  values.emplace_back("lr", metrics.learning_rate);
  values.emplace_back("grad_norm", metrics.gradient_norm);
  values.insert(values.end(), metrics.details.begin(), metrics.details.end());
  values.emplace_back("images_per_s", metrics.images_per_second);
  values.emplace_back("step_ms", metrics.times.whole);
  for (std::size_t phase = 0; phase < kStepPhaseNames.size(); ++phase) {
    const bool data = static_cast<StepPhase>(phase) == StepPhase::kDataWait;
    values.emplace_back(fmt::format("{}_ms", kStepPhaseNames[phase]),
                        data ? metrics.data_wait_ms : metrics.times.ms[phase]);
  }
  if (metrics.slowest) {
    values.emplace_back("slowest_rank", metrics.slowest->rank);
    values.emplace_back("slowest_rank_ms", metrics.slowest->ms);
    values.emplace_back("median_rank_ms", metrics.slowest->median_ms);
  }
  values.emplace_back("memory_mb", metrics.memory_mb);
  if (metrics.gpu_memory_mb) {
    values.emplace_back("gpu_memory_mb", *metrics.gpu_memory_mb);
  }
  if (metrics.checkpoint_wait_ms > 0) {
    values.emplace_back("checkpoint_wait_ms", metrics.checkpoint_wait_ms);
  }
  if (metrics.checkpoint_cost_ms) {
    values.emplace_back("checkpoint_cost_ms", *metrics.checkpoint_cost_ms);
  }
  if (metrics.checkpoint_minutes) {
    values.emplace_back("checkpoint_minutes", *metrics.checkpoint_minutes);
  }
  return values;
}

MetricsLog::MetricsLog(const std::filesystem::path& file, std::int64_t last_step) : path_(file) {
  write_file_atomically(file, lines_up_to(file, last_step));
  out_.open(file, std::ios::app);
  if (!out_) {
    throw_write_error(file, errno);
  }
}

void MetricsLog::write(const StepMetrics& metrics) {
  nlohmann::ordered_json entry;
  entry["step"] = metrics.step;
  for (const auto& [name, value] : named_values(metrics)) {
    // JSON has no NaN: null says that the value was not finite.
    entry[name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  }
  if (metrics.slowest) {
    entry["slowest_host"] = metrics.slowest->host;
  }
  entry["time"] = seconds_since_1970();
  if (metrics.bad_samples > 0) {
    entry["bad_samples"] = metrics.bad_samples;
  }
  if (metrics.skipped) {
    entry["skipped"] = true;
  }
  const std::string line = json_text(entry) + "\n";
  errno = EIO;  // for a failure of which the system says no more
  out_ << line << std::flush;
  if (!out_) {
    throw_write_error(path_, errno);
  }
}

}  // namespace samsr
