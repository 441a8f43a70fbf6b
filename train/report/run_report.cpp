#include "train/report/run_report.h"

#include "core/progress.h"
#include "train/report/run_health.h"
#include "train/report/run_record.h"

namespace samsr {

RunReport::RunReport(const TrainSettings& train, const DiscriminatorSettings& discriminator,
                     const LoaderSettings& loader, const std::filesystem::path& out, std::int64_t last_step, Log& log)
    : train_(train),
      judge_every_(discriminator.judge_every),
      loader_(loader),
      log_(log),
      first_(last_step),
      metrics_(out / "metrics.jsonl", last_step) {
  if (train.tensorboard) {
    events_ = std::make_unique<EventFile>(out / "tensorboard", last_step);
  }
  if (train.prometheus) {
    PrometheusFacts facts;
    facts.run = out.string();
    facts.steps = train.steps;
    facts.starts = static_cast<std::int64_t>(recorded_starts(out / "run.yaml").size());
    facts.checkpoint_step = last_step;
    prometheus_ = std::make_unique<PrometheusFile>(out, facts);
  }
}

void RunReport::step(const StepMetrics& metrics) {
  constexpr std::int64_t kStepsToJudge = 100;
  metrics_.write(metrics);
  wait_.add(metrics.data_wait_ms, metrics.times.whole);
  pace_.add(metrics);
  status_ = fmt::format("loss {:.5f}  {:.1f} images/s", metrics.losses.front().second, metrics.images_per_second);
  const auto unusual = losses_.add(metrics.losses.front().second);
  if (metrics.step % train_.log_every == 0) {
    log_.info("step {}/{}  {}  {} left", metrics.step, train_.steps, log_line(metrics, unusual),
              format_duration(seconds_left(metrics.step)));
  }
  if (events_ && (metrics.step % train_.log_every == 0 || !metrics.validation.empty())) {
    events_->scalars(metrics.step, named_values(metrics));
  }
  if (prometheus_) {
    prometheus_->step(metrics, seconds_left(metrics.step));
  }
  if (wait_.steps() == kStepsToJudge) {
    judge();
  }
  discriminator_.add(metrics);
  if (judge_every_ > 0 && discriminator_.steps() == judge_every_) {
    log_.info("{}", discriminator_.verdict());
  }
}

void RunReport::pictures(std::int64_t step, const std::vector<EventPicture>& pictures) {
  if (events_) {
    events_->pictures(step, pictures);
  }
}

void RunReport::finish() {
  if (wait_.steps() > 0) {
    judge();
  }
  if (prometheus_) {
    prometheus_->finish();
  }
}

void RunReport::saved(std::int64_t step) {
  if (prometheus_) {
    prometheus_->saved(step);
  }
}

void RunReport::judge() const {
  log_.info("{}", wait_.verdict(loader_));
  if (pace_.steps() > 0) {
    log_.info("{}", pace_.verdict());
  }
}

double RunReport::seconds_left(std::int64_t step) const {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return seconds / static_cast<double>(step - first_) * static_cast<double>(train_.steps - step);
}

}  // namespace samsr
