#include "train/report/run_report.h"

#include "core/progress.h"
#include "train/report/run_health.h"

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
}

void RunReport::step(const StepMetrics& metrics) {
  constexpr std::int64_t kStepsToJudge = 100;
  metrics_.write(metrics);
  wait_.add(metrics.data_wait_ms, metrics.times.whole);
  status_ = fmt::format("loss {:.5f}  {:.1f} images/s", metrics.losses.front().second, metrics.images_per_second);
  const auto unusual = losses_.add(metrics.losses.front().second);
  if (metrics.step % train_.log_every == 0) {
    log_.info("step {}/{}  {}{}", metrics.step, train_.steps, log_line(metrics, unusual), time_left(metrics.step));
  }
  if (events_ && (metrics.step % train_.log_every == 0 || !metrics.validation.empty())) {
    events_->scalars(metrics.step, named_values(metrics));
  }
  if (wait_.steps() == kStepsToJudge) {
    log_.info("{}", wait_.verdict(loader_));
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
    log_.info("{}", wait_.verdict(loader_));
  }
}

std::string RunReport::time_left(std::int64_t step) const {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return fmt::format("  {} left", format_duration(seconds / static_cast<double>(step - first_) *
                                                  static_cast<double>(train_.steps - step)));
}

}  // namespace samsr
