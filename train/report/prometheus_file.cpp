#include "train/report/prometheus_file.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "core/json_entry.h"

namespace samsr {
namespace {

constexpr std::chrono::seconds kPause{10};
constexpr double kBytesAMegabyte = 1e6;

/// As the format wants it between quotes.
std::string label_value(const std::string& text) {
  std::string escaped;
  for (const char each : shown_text(text)) {
    escaped += each == '\\' ? "\\\\" : each == '"' ? "\\\"" : each == '\n' ? "\\n" : std::string(1, each);
  }
  return escaped;
}

std::string number(double value) {
  return std::isnan(value) ? "NaN" : std::isinf(value) ? (value > 0 ? "+Inf" : "-Inf") : fmt::format("{:.10g}", value);
}

/// Builds the text, a metric at a time.
class Page {
 public:
  explicit Page(const std::string& run) : run_(label_value(run)) {}

  void metric(const std::string& name, const std::string& help, const char* type = "gauge") {
    name_ = "samsr_train_" + name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
  }
  /// `labels`: further ones, as `,term="loss"`.
  void value(double value, const std::string& labels = {}) {
    text_ += fmt::format("{}{{run=\"{}\"{}}} {}\n", name_, run_, labels, number(value));
  }
  void only(const std::string& name, const std::string& help, double only_value, const char* type = "gauge") {
    metric(name, help, type);
    value(only_value);
  }
  std::string text() && { return std::move(text_); }

 private:
  const std::string run_;
  std::string name_;
  std::string text_;
};

}  // namespace

std::string prometheus_text(const PrometheusFacts& facts, const StepMetrics& metrics, double time) {
  Page page(facts.run);
  page.only("step", "Optimizer steps done.", static_cast<double>(metrics.step));
  page.only("steps", "Optimizer steps of the whole run (train.steps).", static_cast<double>(facts.steps));
  page.only("left_seconds", "Time left at the rate since the run was started.", facts.seconds_left);
  page.only("time_seconds", "When these values were written, in seconds since 1970.", time);
  page.metric("loss", "Means over the global batch of the last step: the loss, its terms, figures of a validation.");
  for (const auto* named : {&metrics.losses, &metrics.validation}) {
    for (const auto& [term, loss] : *named) {
      page.value(loss, fmt::format(",term=\"{}\"", label_value(term)));
    }
  }
  page.only("gradient_norm", "Norm of the gradient in the last step.", metrics.gradient_norm);
  page.only("learning_rate", "Learning rate of the last step.", metrics.learning_rate);
  page.only("images_per_second", "Images a second in the last step, over all ranks.", metrics.images_per_second);
  page.only("step_seconds", "Time of the last step, without saving, validation and pictures.",
            metrics.times.whole / 1e3);
  page.metric("phase_seconds", "Where the time of the last step went; data_wait: on the rank that waited longest.");
  for (std::size_t phase = 0; phase < kStepPhaseNames.size(); ++phase) {
    const bool data = static_cast<StepPhase>(phase) == StepPhase::kDataWait;
    page.value((data ? metrics.data_wait_ms : metrics.times.ms[phase]) / 1e3,
               fmt::format(",phase=\"{}\"", kStepPhaseNames[phase]));
  }
  if (metrics.slowest) {
    page.metric("slowest_rank_seconds", "Own work of the slowest rank in the last step.");
    page.value(metrics.slowest->ms / 1e3,
               fmt::format(",rank=\"{}\",host=\"{}\"", metrics.slowest->rank, label_value(metrics.slowest->host)));
    page.only("median_rank_seconds", "Own work of the ranks' median in the last step.",
              metrics.slowest->median_ms / 1e3);
  }
  page.only("memory_bytes", "Resident memory of rank 0.", metrics.memory_mb * kBytesAMegabyte);
  if (metrics.gpu_memory_mb) {
    page.only("gpu_memory_bytes", "The most that tensors of rank 0 have taken of its GPU.",
              *metrics.gpu_memory_mb * kBytesAMegabyte);
  }
  page.only("checkpoint_step", "Step of the last checkpoint; 0 while there is none.",
            static_cast<double>(facts.checkpoint_step));
  if (metrics.checkpoint_minutes) {
    page.only("checkpoint_interval_seconds", "Between checkpoints, as decided so far (train.checkpoint_minutes).",
              *metrics.checkpoint_minutes * 60);
  }
  page.only("starts_total", "How often the run has been started.", static_cast<double>(facts.starts), "counter");
  page.only("skipped_steps_total", "Steps since this start whose loss or gradient was not finite.",
            static_cast<double>(facts.skipped_steps), "counter");
  page.only("bad_samples_total", "Samples left out since this start because their checksum failed.",
            static_cast<double>(metrics.bad_samples), "counter");
  return std::move(page).text();
}

PrometheusFile::PrometheusFile(const std::filesystem::path& out, PrometheusFacts facts)
    : file_(out / "metrics.prom"), facts_(std::move(facts)) {}

void PrometheusFile::step(const StepMetrics& metrics, double seconds_left) {
  last_ = metrics;
  facts_.seconds_left = seconds_left;
  facts_.skipped_steps += metrics.skipped ? 1 : 0;
  if (std::chrono::steady_clock::now() >= next_) {
    write();
  }
}

void PrometheusFile::finish() {
  if (last_.step > 0) {
    write();
  }
}

void PrometheusFile::write() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  write_file_atomically(file_, prometheus_text(facts_, last_, std::chrono::duration<double>(now).count()));
  next_ = std::chrono::steady_clock::now() + kPause;
}

}  // namespace samsr
