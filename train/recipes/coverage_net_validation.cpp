#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "train/recipes/coverage_lesson.h"
#include "train/recipes/coverage_net_run.h"
#include "train/step/batch_slice.h"

namespace samsr {
namespace {

/// Enough for three digits of a mean, and few enough to be measured often.
constexpr std::uint64_t kMostMeasured = 1000;

LoaderSettings in_order() {
  LoaderSettings settings;
  settings.shuffle = false;
  return settings;
}

class CoverageNetValidation final : public Validation {
 public:
  CoverageNetValidation(const CoverageNet& net, const ShardSet& shards, SampleRange range, std::int64_t batch,
                        c10::Device device, Communicator& communicator, Log& log)
      : net_(net),
        loader_(shards, in_order(), 0, lesson_fields(net->input()), log, range),
        samples_(std::min(range.count, kMostMeasured)),
        batch_(static_cast<std::uint64_t>(batch)),
        device_(device),
        communicator_(communicator) {}

  Goal goal() const override { return {"held_out_hr", /*higher_is_better=*/false}; }

  std::vector<std::pair<std::string, double>> figures(std::int64_t) override {
    const torch::NoGradGuard no_grad;
    // Sums over the samples for HR and LR: of the error's mean over a picture, of the means of W and of W².
    at::Tensor sums = at::zeros({3, 2}, at::kDouble);
    const auto ranks = static_cast<std::uint64_t>(communicator_.size());
    for (std::uint64_t first = batch_ * static_cast<std::uint64_t>(communicator_.rank()); first < samples_;
         first += batch_ * ranks) {
      const auto count = static_cast<std::int64_t>(std::min(batch_, samples_ - first));
      const CoverageLesson lesson = coverage_lesson(to_device(loader_.load(first, count), device_), net_->input());
      const at::Tensor mean = lesson.weights.mean({1, 2, 3}).reshape({2, -1});
      const at::Tensor square = lesson.weights.square().mean({1, 2, 3}).reshape({2, -1});
      sums += at::stack({lesson_errors(lesson, net_(lesson.pictures)), mean, square}).to(at::kCPU, at::kDouble).sum(2);
    }
    std::array<double, 6> means;
    std::copy_n(sums.const_data_ptr<double>(), means.size(), means.begin());
    communicator_.sum(means);
    for (double& value : means) {
      value /= static_cast<double>(samples_);
    }
    const auto& [hr, lr, mean_hr, mean_lr, square_hr, square_lr] = means;
    return {{"held_out_hr", hr},
            {"held_out_hr_constant", square_hr - mean_hr * mean_hr},
            {"held_out_lr", lr},
            {"held_out_lr_constant", square_lr - mean_lr * mean_lr}};
  }

 private:
  CoverageNet net_;
  const Loader loader_;
  const std::uint64_t samples_;
  const std::uint64_t batch_;
  const c10::Device device_;
  Communicator& communicator_;
};

}  // namespace

std::unique_ptr<Validation> make_coverage_net_validation(const CoverageNet& net, const ShardSet& shards,
                                                         SampleRange range, std::int64_t batch, c10::Device device,
                                                         Communicator& communicator, Log& log) {
  return std::make_unique<CoverageNetValidation>(net, shards, range, batch, device, communicator, log);
}

}  // namespace samsr
