#include "train/recipes/coverage_net.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "diffusion/coverage.h"
#include "models/first_stage/first_stage.h"
#include "train/recipes/stored_latents.h"

namespace samsr {
namespace {

/// Enough for three digits of a mean, and few enough to be measured often.
constexpr std::uint64_t kMostMeasured = 1000;

/// What a batch teaches: each sample twice, as a prediction lies between the enlarged LR image and the HR image.
struct Lesson {
  at::Tensor pictures;  ///< (2B, channels, fold·H, fold·W): of HR, then of LR
  at::Tensor weights;   ///< W = C / max C (2B,1,H,W), float32, of the cached coverage
};

Lesson lesson_of(const Batch& batch, const CoverageNetInput& input) {
  Lesson lesson;
  lesson.pictures =
      input.latent ? at::cat({batch.z_0, batch.z_y}) : at::cat({batch.hr, enlarge_bicubic(batch.lq, input.fold)});
  lesson.weights = semantic_weight(at::cat({batch.coverage_hr, batch.coverage}));
  return lesson;
}

BatchFields fields_of(const CoverageNetInput& input) {
  return {.latents = input.latent, .hr = !input.latent, .coverage_hr = true};
}

/// ‖answer - W‖², mean over everything but the batch: (2,B), rows of HR and of LR.
at::Tensor errors_of(const Lesson& lesson, const at::Tensor& answer) {
  return (answer - lesson.weights).square().mean({1, 2, 3}).reshape({2, -1});
}

LoaderSettings in_order() {
  LoaderSettings settings;
  settings.shuffle = false;
  return settings;
}

class CoverageNetValidation final : public Validation {
 public:
  /// On samples of `range`, train.microbatch at a time.
  CoverageNetValidation(const CoverageNet& net, SampleRange range, const RecipeContext& context)
      : net_(net),
        batches_(context.shards.batches(in_order(), 0, fields_of(net->input()), context.log, range)),
        samples_(std::min(range.count, kMostMeasured)),
        batch_(static_cast<std::uint64_t>(context.config.train.microbatch)),
        device_(context.device),
        communicator_(context.communicator) {}

  Goal goal() const override { return {"held_out_hr", /*higher_is_better=*/false}; }

  std::vector<std::pair<std::string, double>> figures(std::int64_t) override {
    const torch::NoGradGuard no_grad;
    // Sums over the samples for HR and LR: of the error's mean over a picture, of the means of W and of W².
    at::Tensor sums = at::zeros({3, 2}, at::kDouble);
    const auto ranks = static_cast<std::uint64_t>(communicator_.size());
    for (std::uint64_t first = batch_ * static_cast<std::uint64_t>(communicator_.rank()); first < samples_;
         first += batch_ * ranks) {
      const auto count = static_cast<std::int64_t>(std::min(batch_, samples_ - first));
      const Lesson lesson = lesson_of(to_device(batches_->load(first, count), device_), net_->input());
      const at::Tensor mean = lesson.weights.mean({1, 2, 3}).reshape({2, -1});
      const at::Tensor square = lesson.weights.square().mean({1, 2, 3}).reshape({2, -1});
      sums += at::stack({errors_of(lesson, net_(lesson.pictures)), mean, square}).to(at::kCPU, at::kDouble).sum(2);
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
  const std::unique_ptr<const BatchSource> batches_;
  const std::uint64_t samples_;
  const std::uint64_t batch_;
  const c10::Device device_;
  Communicator& communicator_;
};

/// How many of the samples never train.
std::uint64_t held_out_count(const SampleSet& shards, double share) {
  const auto count = static_cast<std::uint64_t>(std::llround(share * static_cast<double>(shards.size())));
  if (shards.size() < 2) {
    throw UserError("{}: one sample, of which none can be held out; build more (data.samples)", shards.source());
  }
  return std::clamp<std::uint64_t>(count, 1, shards.size() - 1);
}

class CoverageNetRecipe final : public Recipe {
 public:
  CoverageNetRecipe(const CoverageNet& net, const CoverageNet& average, std::uint64_t held_out,
                    const TrainSettings& train)
      : net_(net),
        average_(average),
        held_out_(held_out),
        trainables_{{"coverage_net", net_.get(), average_.get(), train.optimizer}} {}

  const std::vector<Trainable>& trainables() const override { return trainables_; }
  RecipeLosses losses(const Batch& batch, const Move&) override { return coverage_net_losses(net_, batch); }
  BatchFields fields() const override { return fields_of(net_->input()); }
  SampleRange samples(const SampleSet& shards) const override { return {0, shards.size() - held_out_}; }
  TensorFile file(std::size_t, TensorFile weights) const override {
    return coverage_net_file(*net_, std::move(weights));
  }
  std::unique_ptr<Validation> make_validation(const RecipeContext& context) override {
    return std::make_unique<CoverageNetValidation>(average_, SampleRange{context.shards.size() - held_out_, held_out_},
                                                   context);
  }

 private:
  CoverageNet net_;
  CoverageNet average_;
  const std::uint64_t held_out_;
  const std::vector<Trainable> trainables_;
};

}  // namespace

RecipeLosses coverage_net_losses(CoverageNet net, const Batch& batch) {
  const Lesson lesson = lesson_of(batch, net->input());
  const at::Tensor logits = net->logits(lesson.pictures);
  const at::Tensor entropy =
      at::binary_cross_entropy_with_logits(logits, lesson.weights, {}, {}, at::Reduction::None).mean({1, 2, 3});
  const at::Tensor errors = errors_of(lesson, at::sigmoid(logits.detach()));
  RecipeLosses losses;
  losses.total = entropy.reshape({2, -1}).mean(0);
  losses.add("hr", 0, errors[0]);
  losses.add("lr", 0, errors[1]);
  losses.predictions = {logits};
  return losses;
}

std::unique_ptr<Recipe> make_coverage_net_recipe(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  const CoverageNetRunSettings& settings = config.coverage_net;
  if (config.loader.online()) {
    throw UserError(
        "train.recipe=coverage_net, data.degrade=online: it learns the stored coverage of pairs, some of which it "
        "holds "
        "out; set data.degrade=cached");
  }
  const CoverageNetInput input =
      coverage_net_input(settings.network.input, config.model.first_stage, config.model.scale);
  if (input.latent && context.shards.find("z_hr") == nullptr) {
    throw UserError(
        "{}: the shards hold no latents, which coverage_net.input=latent needs; build them with data.latents=true",
        context.shards.source());
  }
  if (input.latent) {
    check_stored_latents(context.shards, config.model.first_stage);
  }
  const std::uint64_t seed = derive_seed(config.train.seed, "weights");
  CoverageNet net = make_coverage_net(settings.network, input, seed);
  CoverageNet average = make_coverage_net(settings.network, input, seed);
  net->to(context.device);
  average->to(context.device);
  const std::uint64_t held_out = held_out_count(context.shards, settings.held_out);
  context.log.info("held out     the last {} samples of {}", held_out, context.shards.size());
  return std::make_unique<CoverageNetRecipe>(net, average, held_out, config.train);
}

}  // namespace samsr
