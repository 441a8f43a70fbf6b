#include "train/metrics_log.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"

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
    if (entry.is_object() && entry.value("step", last_step + 1) <= last_step) {
      kept += line + "\n";
    }
  }
  return kept;
}

}  // namespace

MetricsLog::MetricsLog(const std::filesystem::path& file, std::int64_t last_step) : path_(file) {
  write_file_atomically(file, lines_up_to(file, last_step));
  out_.open(file, std::ios::app);
  if (!out_) {
    throw UserError("{}: cannot be written", file.string());
  }
}

void MetricsLog::write(const StepMetrics& metrics) {
  nlohmann::ordered_json entry;
  entry["step"] = metrics.step;
  for (const auto& [name, value] : metrics.losses) {
    // JSON has no NaN: null says that the value was not finite.
    entry[name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  }
  entry["lr"] = metrics.learning_rate;
  entry["grad_norm"] = std::isfinite(metrics.gradient_norm) ? nlohmann::ordered_json(metrics.gradient_norm)
                                                            : nlohmann::ordered_json();
  entry["images_per_s"] = metrics.images_per_second;
  entry["step_ms"] = metrics.step_ms;
  entry["data_wait_ms"] = metrics.data_wait_ms;
  entry["memory_mb"] = metrics.memory_mb;
  if (metrics.bad_samples > 0) {
    entry["bad_samples"] = metrics.bad_samples;
  }
  if (metrics.skipped) {
    entry["skipped"] = true;
  }
  out_ << entry.dump() << '\n' << std::flush;
  if (!out_) {
    throw UserError("{}: cannot be written; is the disk full?", path_.string());
  }
}

}  // namespace samsr
