#include "train/validation/picture_validation.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "eval/measure/image_set.h"
#include "eval/metrics/choose_metrics.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

struct Pair {
  std::string name;
  fs::path lq;
  fs::path gt;  ///< empty without val.gt
};

std::vector<Pair> pairs_of(const ValidationSettings& settings) {
  InputProblems strict;
  const ImageSet lq = list_image_set(settings.lq, "val.lq", strict);
  const ImageSet gt = settings.gt.empty() ? ImageSet() : list_image_set(settings.gt, "val.gt", strict);
  if (!settings.gt.empty()) {
    check_same_names(lq, settings.lq, gt, settings.gt, strict);
  }
  std::vector<Pair> pairs;
  for (const auto& [name, path] : lq) {
    if (settings.images == 0 || static_cast<std::int64_t>(pairs.size()) < settings.images) {
      pairs.push_back({name, path, gt.empty() ? fs::path() : gt.at(name)});
    }
  }
  return pairs;
}

std::vector<std::unique_ptr<Metric>> metrics_of(const ValidationSettings& settings, const MetricOptions& options) {
  const bool reference = !settings.gt.empty();
  const std::string names = !settings.metrics.empty() ? settings.metrics : (reference ? "psnr_y,ssim_y,niqe" : "niqe");
  if (const std::string of_sets = whole_set_names(metrics_named(names)); !of_sets.empty()) {
    throw UserError(
        "val.metrics has {}, of a set as a whole: validation has figures of single pictures; see samsr eval", of_sets);
  }
  for (const MetricDescription* metric : metrics_named(names)) {
    if (metric->needs_reference && !reference) {
      throw UserError("val.metrics has {}, which needs the high-resolution pictures: set val.gt to their folder",
                      metric->name);
    }
  }
  ChosenMetrics chosen = choose_metrics(names, options);
  if (!chosen.left_out.empty()) {
    throw UserError("val.metrics: {}", chosen.left_out.front());  // before days of training, not after
  }
  return std::move(chosen.metrics);
}

class PictureValidation final : public Validation {
 public:
  PictureValidation(const ValidationSettings& settings, const std::function<PictureModel()>& model,
                    const MetricOptions& options, const fs::path& out, Communicator& communicator, Log& log)
      : metrics_(metrics_of(settings, options)),
        pairs_(pairs_of(settings)),
        panel_(static_cast<std::size_t>(settings.panel)),
        out_(out / "validation"),
        model_(model()),
        communicator_(communicator),
        log_(log) {
    const std::string best = settings.best.empty() ? metrics_.front()->name() : settings.best;
    for (const auto& metric : metrics_) {
      if (metric->name() == best) {
        goal_ = {best, metric->higher_is_better()};
      }
    }
    if (goal_.figure.empty()) {
      throw UserError("val.best is {}, which is not among the metrics of the validation (val.metrics)", best);
    }
    check_pictures(!settings.metrics.empty());
  }

  Goal goal() const override { return goal_; }

  std::vector<std::pair<std::string, double>> figures(std::int64_t step) override {
    // One slot a picture and metric, so that the mean is added in the same order on any number of ranks.
    std::vector<double> scores(pairs_.size() * metrics_.size(), 0.0);
    for (std::size_t i = static_cast<std::size_t>(communicator_.rank()); i < pairs_.size();
         i += static_cast<std::size_t>(communicator_.size())) {
      const std::span<double> slots = std::span(scores).subspan(i * metrics_.size(), metrics_.size());
      try {
        score(i, step, slots);
      } catch (...) {
        log_.from_rank(fmt::format("step {}: left out of the validation: {}", step,
                                   describe_failure(pairs_[i].lq.string(), std::current_exception())));
        std::fill(slots.begin(), slots.end(), std::nan(""));
      }
    }
    communicator_.sum(scores);
    std::vector<std::pair<std::string, double>> found;
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      double sum = 0;
      std::size_t count = 0;
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const double value = scores[i * metrics_.size() + m];
        if (std::isfinite(value)) {  // NIQE has no value for small or plain pictures
          sum += value;
          ++count;
        }
      }
      found.emplace_back(metrics_[m]->name(), count > 0 ? sum / static_cast<double>(count) : std::nan(""));
    }
    return found;
  }

 private:
  /// Reads the pictures, shared out to the ranks, and looks at their sizes. UserError on all ranks. Collective.
  void check_pictures(bool metrics_named) const {
    std::vector<double> with_value(metrics_.size(), 0.0);
    std::string error;
    try {
      for (std::size_t i = static_cast<std::size_t>(communicator_.rank()); i < pairs_.size();
           i += static_cast<std::size_t>(communicator_.size())) {
        const cv::Size result = size_of_result(pairs_[i]);
        for (std::size_t m = 0; m < metrics_.size(); ++m) {
          with_value[m] += metrics_[m]->undefined_for(result.height, result.width).empty() ? 1 : 0;
        }
      }
    } catch (const UserError& mistake) {
      error = mistake.what();
    }
    throw_first_error(error, communicator_);
    communicator_.sum(with_value);
    for (std::size_t m = 0; metrics_named && m < metrics_.size(); ++m) {
      if (with_value[m] == 0) {
        throw UserError("val.metrics: {} has no value for any of the {} pictures: they are too small",
                        metrics_[m]->name(), pairs_.size());
      }
    }
  }

  cv::Size size_of_result(const Pair& pair) const {
    try {
      const cv::Mat lq = read_image(pair.lq).rgb;
      const cv::Size result = lq.size() * static_cast<int>(model_.scale);
      if (!pair.gt.empty()) {
        check_size(pair, read_image(pair.gt).rgb.size(), result);
      }
      return result;
    } catch (...) {
      throw UserError("validation: {}", describe_failure(pair.lq.string(), std::current_exception()));
    }
  }

  void check_size(const Pair& pair, cv::Size gt, cv::Size result) const {
    if (gt != result) {
      throw UserError("{}: is {}x{}, but {} enlarged by {} is {}x{}", pair.gt.string(), gt.width, gt.height,
                      pair.lq.string(), model_.scale, result.width, result.height);
    }
  }

  void score(std::size_t index, std::int64_t step, std::span<double> scores) const {
    const Pair& pair = pairs_[index];
    const cv::Mat lq = read_image(pair.lq).rgb;
    const cv::Mat result = model_.upscale(lq);
    const cv::Mat gt = pair.gt.empty() ? cv::Mat() : read_image(pair.gt).rgb;
    if (!gt.empty()) {
      check_size(pair, gt.size(), result.size());
    }
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      scores[m] = (metrics_[m]->needs_reference() ? metrics_[m]->score(to_tensor(result), to_tensor(gt))
                                                  : metrics_[m]->score(to_tensor(result)))
                      .item<double>();
    }
    if (index < panel_) {
      write_panel(pair, step, lq, result, gt);
    }
  }

  void write_panel(const Pair& pair, std::int64_t step, const cv::Mat& lq, const cv::Mat& result,
                   const cv::Mat& gt) const {
    std::vector<cv::Mat> pieces(2);
    cv::resize(lq, pieces[0], result.size(), 0, 0, cv::INTER_NEAREST);
    pieces[1] = result;
    if (!gt.empty()) {
      pieces.push_back(gt);
    }
    cv::Mat panel;
    cv::hconcat(pieces, panel);
    const fs::path file = out_ / fmt::format("step-{:08}", step) / (pair.name + ".png");
    make_folder(file.parent_path());
    write_png(file, panel);
  }

  const std::vector<std::unique_ptr<Metric>> metrics_;
  const std::vector<Pair> pairs_;
  const std::size_t panel_;
  const fs::path out_;
  const PictureModel model_;
  Communicator& communicator_;
  Log& log_;
  Goal goal_;
};

}  // namespace

std::unique_ptr<Validation> make_picture_validation(const ValidationSettings& settings,
                                                    const std::function<PictureModel()>& model,
                                                    const MetricOptions& options, const fs::path& out,
                                                    Communicator& communicator, Log& log) {
  if (settings.lq.empty()) {
    return nullptr;
  }
  return std::make_unique<PictureValidation>(settings, model, options, out, communicator, log);
}

}  // namespace samsr
