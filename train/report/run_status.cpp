#include "train/report/run_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/yaml_text.h"
#include "models/weights/checkpoint_folder.h"
#include "train/report/run_health.h"
#include "train/report/run_record.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

/// The number behind `words` in a text; -1 where there is none.
std::int64_t number_behind(const std::string& text, std::string_view words) {
  const std::size_t at = text.find(words);
  std::int64_t number = -1;
  if (at != std::string::npos) {
    std::from_chars(text.data() + at + words.size(), text.data() + text.size(), number);
  }
  return number;
}

/// Seconds since 1970 of the time of time_now() behind "started " in the fact `program`; 0 where there is none.
double time_of_start(const std::string& program) {
  constexpr std::string_view kBefore = "started ";
  const std::size_t at = program.find(kBefore);
  std::tm utc{};
  if (at == std::string::npos ||
      ::strptime(program.c_str() + at + kBefore.size(), "%Y-%m-%dT%H:%M:%SZ", &utc) == nullptr) {
    return 0;
  }
  return static_cast<double>(::timegm(&utc));
}

std::int64_t setting(const YAML::Node& config, const char* key) {
  std::int64_t value = 0;
  const YAML::Node node =
      config.IsMap() && config["train"] && config["train"].IsMap() ? config["train"][key] : YAML::Node();
  return node.IsDefined() && node.IsScalar() && YAML::convert<std::int64_t>::decode(node, value) ? value : 0;
}

std::string counted(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

RunStatus::RunStatus(fs::path run) : run_(std::move(run)), log_(run_ / "metrics.jsonl") { update(); }

void RunStatus::update() {
  if (!fs::exists(run_ / "run.yaml") || !fs::exists(run_ / "config.yaml")) {
    throw UserError("{}: is not the folder of a run of `samsr train`; name what its train.out is", run_.string());
  }
  log_.update();
  steps_ = log_.last();
  starts_ = recorded_starts(run_ / "run.yaml");
  holder_ = folder_holder(run_);
  const YAML::Node config = parse_yaml(read_yaml_file(run_ / "config.yaml"), (run_ / "config.yaml").string());
  steps_wanted_ = setting(config, "steps");
  checkpoint_every_ = setting(config, "checkpoint_every");
}

std::optional<std::int64_t> RunStatus::saved_step() const {
  std::error_code error;
  if (!fs::exists(run_ / "latest", error)) {
    return std::nullopt;
  }
  const std::int64_t step = number_behind(read_file(run_ / "latest"), "step-");
  return step < 0 ? std::nullopt : std::optional(step);
}

double RunStatus::seconds_since_change(const char* file) const {
  std::error_code error;
  const auto changed = fs::last_write_time(run_ / file, error);
  const double ahead = holder_ ? holder_->clock_ahead : 0;
  return error ? 0 : std::chrono::duration<double>(fs::file_time_type::clock::now() - changed).count() - ahead;
}

double RunStatus::rate() const {
  const double start = starts_.empty() ? 0 : time_of_start(fact("program"));
  const auto first = std::ranges::find_if(steps_, [&](const LoggedStep& each) { return each.time > start; });
  if (first != steps_.end()) {
    const double seconds = steps_.back().time - first->time;
    if (const std::int64_t count = step() - first->metrics.step; count > 0 && seconds > 0) {
      return static_cast<double>(count) / seconds;
    }
  }
  double milliseconds = 0;
  for (const LoggedStep& each : steps_) {
    milliseconds += each.metrics.times.whole;
  }
  return milliseconds > 0 ? 1e3 * static_cast<double>(steps_.size()) / milliseconds : 0;
}

std::string RunStatus::fact(const char* name) const {
  if (starts_.empty()) {
    return {};
  }
  const auto found = starts_.back().find(name);
  return found == starts_.back().end() ? std::string() : found->second;
}

std::string RunStatus::now() const {
  if (holder_) {
    std::string text = fmt::format("running on {}, process {}, since {}; last sign of life {} ago", holder_->host,
                                   holder_->process, holder_->since, format_duration(holder_->silent_seconds));
    constexpr double kLeast = 60;
    constexpr double kSteps = 10;
    const double patience = std::max(kLeast, kSteps / std::max(rate(), 1e-9));
    const double age = seconds_since_change("metrics.jsonl");
    if (!steps_.empty() && steps_.back().time > time_of_start(fact("program")) && age > patience) {
      text += fmt::format("; NO STEP FOR {}", format_duration(age));
    }
    return text;
  }
  if (step() >= steps_wanted_) {
    return "done";
  }
  const std::int64_t saved = saved_step().value_or(0);
  if (saved == step()) {
    return fmt::format("stopped after step {}; the same command goes on from there", saved);
  }
  return fmt::format("ENDED after step {} without saving; the same command {}, so that {} done again", step(),
                     saved > 0 ? fmt::format("goes on from step {}", saved) : "begins anew",
                     counted(step() - saved, "step is", "steps are"));
}

std::string RunStatus::progress() const {
  std::string text =
      fmt::format("{:<12} {} of {} ({:.1f} %)", "step", step(), steps_wanted_,
                  100.0 * static_cast<double>(step()) / static_cast<double>(std::max<std::int64_t>(steps_wanted_, 1)));
  if (steps_.empty()) {
    return text + ", none is logged yet\n";
  }
  if (steps_.back().time > 0) {
    text += fmt::format(", the last one {} ago", format_duration(seconds_since_change("metrics.jsonl")));
  }
  const double each_second = rate();
  const StepMetrics& last = steps_.back().metrics;
  text += fmt::format("\n{:<12} {:.2f} steps/s; {:.1f} images/s in the last step\n", "rate", each_second,
                      last.images_per_second);
  if (step() < steps_wanted_ && each_second > 0) {
    text += fmt::format("{:<12} {} at this rate\n", "left",
                        format_duration(static_cast<double>(steps_wanted_ - step()) / each_second));
  }
  return text;
}

std::string RunStatus::losses() const {
  const StepMetrics& last = steps_.back().metrics;
  double sum = 0;
  std::int64_t finite = 0;
  for (const LoggedStep& each : steps_) {
    if (!each.metrics.losses.empty() && std::isfinite(each.metrics.losses.front().second)) {
      sum += each.metrics.losses.front().second;
      ++finite;
    }
  }
  std::string text;
  std::string terms;
  for (const auto& [name, value] : last.losses) {
    if (name == "loss") {
      text =
          fmt::format("{:<12} {:.5f}; {:.5f} on average of the last {}\n", "loss", value,
                      sum / static_cast<double>(std::max<std::int64_t>(finite, 1)), counted(finite, "step", "steps"));
    } else {
      terms += fmt::format("{}{} {:.5f}", terms.empty() ? "" : ", ", name, value);
    }
  }
  text += terms.empty() ? "" : fmt::format("{:<12} {}\n", "terms", terms);
  return text +
         fmt::format("{:<12} norm {:.3f}, learning rate {:.2e}\n", "gradient", last.gradient_norm, last.learning_rate);
}

std::string RunStatus::times() const {
  StepTimes sum;
  RankPace pace;
  for (const LoggedStep& each : steps_) {
    sum.whole += each.metrics.times.whole;
    for (std::size_t phase = 0; phase < sum.ms.size(); ++phase) {
      sum.ms[phase] += each.metrics.times.ms[phase];
    }
    pace.add(each.metrics);
  }
  const auto count = static_cast<double>(steps_.size());
  std::string phases;
  for (std::size_t phase = 0; phase < sum.ms.size(); ++phase) {
    phases += fmt::format("{}{} {:.0f}", phases.empty() ? "" : ", ", kStepPhaseNames[phase], sum.ms[phase] / count);
  }
  const StepMetrics& last = steps_.back().metrics;
  std::string text = fmt::format("{:<12} {:.0f} ms a step: {}\n", "time", sum.whole / count, phases);
  text += fmt::format("{:<12} waiting for it is {:.1f} % of the step, on the rank that waits longest\n", "data",
                      100 * sum[StepPhase::kDataWait] / std::max(sum.whole, 1e-9));
  text += pace.steps() > 0 ? fmt::format("{:<12} {}\n", "ranks", pace.verdict()) : "";
  return text + fmt::format("{:<12} {:.1f} GB on rank 0{}\n", "memory", last.memory_mb / 1e3,
                            last.gpu_memory_mb ? fmt::format(", of its GPU {:.1f} GB", *last.gpu_memory_mb / 1e3) : "");
}

std::string RunStatus::checkpoint() const {
  const auto saved = saved_step();
  std::string text =
      saved ? fmt::format("{}, {} ago", checkpoint_name(*saved), format_duration(seconds_since_change("latest")))
            : "none yet";
  if (holder_ && !steps_.empty() && steps_.back().metrics.checkpoint_minutes) {
    const double since = seconds_since_change(saved ? "latest" : "run.yaml");
    text +=
        fmt::format("; the next one in {}", format_duration(*steps_.back().metrics.checkpoint_minutes * 60 - since));
  }
  const std::int64_t next =
      checkpoint_every_ > 0 ? std::min((step() / checkpoint_every_ + 1) * checkpoint_every_, steps_wanted_) : 0;
  if (holder_ && next > step()) {
    const double each_second = rate();
    text += fmt::format("; the next one after step {}{}", next,
                        each_second > 0
                            ? fmt::format(", in {}", format_duration(static_cast<double>(next - step()) / each_second))
                            : "");
  }
  if (const auto best = read_best(run_)) {
    text += fmt::format("; the best is {}, {} {:.5f}", best->checkpoint, best->figure, best->value);
  }
  return text;
}

std::string RunStatus::faults() const {
  std::int64_t again = 0;
  std::int64_t lost = 0;
  for (const auto& start : starts_) {
    if (const auto found = start.find(kGoesOn); found != start.end()) {
      const std::int64_t steps = number_behind(found->second, "done again: ");
      again += std::max<std::int64_t>(steps, 0);
      lost += steps > 0 ? 1 : 0;
    }
  }
  const auto starts = static_cast<std::int64_t>(starts_.size());
  std::string text =
      starts < 2 ? "not started again yet" : fmt::format("started again {}", counted(starts - 1, "time", "times"));
  if (lost > 0) {
    text += fmt::format(", {} without having saved ({} done again)", lost, counted(again, "step", "steps"));
  }
  text += fmt::format("; {} skipped", counted(log_.skipped(), "step", "steps"));
  const std::size_t bad = steps_.empty() ? 0 : steps_.back().metrics.bad_samples;
  return text +
         fmt::format("; {} left out", counted(static_cast<std::int64_t>(bad), "damaged sample", "damaged samples"));
}

std::string RunStatus::text() const {
  std::string text;
  const auto line = [&](const char* name, const std::string& fact) {
    text += fact.empty() ? "" : fmt::format("{:<12} {}\n", name, fact);
  };
  line("run", run_.string());
  line("now", now());
  line("recipe", fact("recipe"));
  line("hosts", fact("hosts"));
  text += progress();
  if (!steps_.empty()) {
    text += losses() + times();
  }
  line("checkpoint", checkpoint());
  line("faults", faults());
  return text;
}

}  // namespace samsr
