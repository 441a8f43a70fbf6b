#include "train/report/metrics_tail.h"

#include <sys/stat.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace samsr {
namespace {

using Json = nlohmann::ordered_json;

double number_of(const Json& entry, const std::string& key, double otherwise) {
  const auto found = entry.find(key);
  if (found == entry.end()) {
    return otherwise;
  }
  return found->is_number() ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// 0 for what is no whole number of at least 0.
std::int64_t count_of(const Json& entry, const std::string& key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_number_unsigned() ? found->get<std::int64_t>() : 0;
}

std::string text_of(const Json& entry, const std::string& key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

StepTimes times_of(const Json& entry) {
  StepTimes times;
  times.whole = number_of(entry, "step_ms", 0);
  for (std::size_t phase = 0; phase < kStepPhaseNames.size(); ++phase) {
    times.ms[phase] = number_of(entry, std::string(kStepPhaseNames[phase]) + "_ms", 0);
  }
  return times;
}

LoggedStep read_step(const Json& entry) {
  LoggedStep logged;
  StepMetrics& metrics = logged.metrics;
  metrics.step = count_of(entry, "step");
  for (const auto& [key, value] : entry.items()) {
    if (key == "lr") {
      break;
    }
    if (key != "step") {
      metrics.losses.emplace_back(key, number_of(entry, key, 0));
    }
  }
  metrics.learning_rate = number_of(entry, "lr", 0);
  metrics.gradient_norm = number_of(entry, "grad_norm", 0);
  metrics.images_per_second = number_of(entry, "images_per_s", 0);
  metrics.times = times_of(entry);
  metrics.data_wait_ms = metrics.times[StepPhase::kDataWait];
  if (entry.contains("slowest_rank")) {
    metrics.slowest = SlowestRank{static_cast<int>(number_of(entry, "slowest_rank", 0)), text_of(entry, "slowest_host"),
                                  number_of(entry, "slowest_rank_ms", 0), number_of(entry, "median_rank_ms", 0)};
  }
  metrics.memory_mb = number_of(entry, "memory_mb", 0);
  if (entry.contains("gpu_memory_mb")) {
    metrics.gpu_memory_mb = number_of(entry, "gpu_memory_mb", 0);
  }
  metrics.checkpoint_wait_ms = number_of(entry, "checkpoint_wait_ms", 0);
  if (entry.contains("checkpoint_minutes")) {
    metrics.checkpoint_minutes = number_of(entry, "checkpoint_minutes", 0);
  }
  metrics.bad_samples = static_cast<std::size_t>(count_of(entry, "bad_samples"));
  metrics.skipped = entry.find("skipped") != entry.end();
  logged.time = number_of(entry, "time", 0);
  return logged;
}

}  // namespace

MetricsTail::MetricsTail(std::filesystem::path file, std::size_t length) : file_(std::move(file)), length_(length) {}

void MetricsTail::update() {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0 || status.st_ino != inode_ || status.st_size < offset_) {
    offset_ = 0;
    lines_.clear();
    skipped_ = 0;
  }
  inode_ = status.st_ino;
  std::ifstream in(file_, std::ios::binary);
  in.seekg(offset_);
  for (std::string line; std::getline(in, line) && !in.eof();) {
    offset_ += static_cast<std::int64_t>(line.size()) + 1;
    add(std::move(line));
  }
}

void MetricsTail::add(std::string line) {
  // A run of years has lines by the million: only those that are shown are parsed.
  skipped_ += line.find("\"skipped\":true") == std::string::npos ? 0 : 1;
  lines_.push_back(std::move(line));
  if (lines_.size() > length_) {
    lines_.pop_front();
  }
}

std::vector<LoggedStep> MetricsTail::last() const {
  std::vector<LoggedStep> steps;
  for (const std::string& line : lines_) {
    const auto entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (entry.is_object() && entry.contains("step")) {
      steps.push_back(read_step(entry));
    }
  }
  return steps;
}

}  // namespace samsr
