// L_SC: what has a gradient and what has none.

#include "train/losses/semantic_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/error.h"
#include "core/pixels.h"
#include "data/images/image_file.h"
#include "diffusion/distillation.h"
#include "support/small_model.h"
#include "support/user_error.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kLrSide = 16;

/// Masks by rule: which of three brightness levels an LR pixel's 4 × 4 pixels exceed on average.
class LevelMasks final : public MaskSource {
 public:
  std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) override {
    std::vector<at::Tensor> all;
    for (const cv::Mat& image : images) {
      const at::Tensor levels = at::avg_pool2d(to_tensor(image).to(at::kFloat), {4, 4}).mean(1);  // (1,h,w)
      const at::Tensor masks = at::cat({levels > 90, levels > 127, levels > 165}).to(at::kByte);
      all.push_back(masks.repeat_interleave(4, 1).repeat_interleave(4, 2));
    }
    return all;
  }
};

/// How many of those masks lie over each pixel, by plain loops; levels (y, x, channel) 0 … 255.
std::vector<std::vector<double>> count_levels(const cv::Mat& levels) {
  std::vector<std::vector<double>> counts(static_cast<std::size_t>(levels.rows),
                                          std::vector<double>(static_cast<std::size_t>(levels.cols)));
  for (int y = 0; y < levels.rows; ++y) {
    for (int x = 0; x < levels.cols; ++x) {
      double sum = 0;
      for (int i = 0; i < 16 * 3; ++i) {
        sum += levels.at<cv::Vec3b>(y / 4 * 4 + i / 12, x / 4 * 4 + i / 3 % 4)[i % 3];
      }
      const double level = sum / 48;
      counts[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] =
          (level > 90 ? 1 : 0) + (level > 127 ? 1 : 0) + (level > 165 ? 1 : 0);
    }
  }
  return counts;
}

/// W of an image (3,sH,sW) in [-1,1], at every pixel of the HR image: masks are constant over 4 × 4 of them.
std::vector<std::vector<double>> weights_of(const at::Tensor& image) {
  cv::Mat levels(static_cast<int>(image.size(1)), static_cast<int>(image.size(2)), CV_8UC3);
  for (int y = 0; y < levels.rows; ++y) {
    for (int x = 0; x < levels.cols; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const double level = (image[channel][y][x].item<double>() + 1) * 127.5;
        levels.at<cv::Vec3b>(y, x)[channel] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(level), 0.0, 255.0));
      }
    }
  }
  std::vector<std::vector<double>> counts = count_levels(levels);
  double largest = 1;
  for (const std::vector<double>& row : counts) {
    largest = std::max(largest, *std::max_element(row.begin(), row.end()));
  }
  for (std::vector<double>& row : counts) {
    for (double& count : row) {
      count /= largest;
    }
  }
  return counts;
}

/// The released code's number of masks over each pixel of such an image: it is stretched to bytes by its own range, and
/// where no mask lies the background is one.
std::vector<std::vector<double>> numbers_of(const at::Tensor& image) {
  const at::Tensor numbers = image.to(at::kDouble).contiguous();
  const double* begin = numbers.data_ptr<double>();
  const auto [lowest, highest] = std::minmax_element(begin, begin + numbers.numel());
  cv::Mat levels(static_cast<int>(image.size(1)), static_cast<int>(image.size(2)), CV_8UC3);
  for (int y = 0; y < levels.rows; ++y) {
    for (int x = 0; x < levels.cols; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const double level = (numbers[channel][y][x].item<double>() - *lowest) / (*highest - *lowest + 1e-6) * 255;
        levels.at<cv::Vec3b>(y, x)[2 - channel] = static_cast<std::uint8_t>(std::floor(level));
      }
    }
  }
  std::vector<std::vector<double>> counts = count_levels(levels);
  for (std::vector<double>& row : counts) {
    for (double& count : row) {
      count = std::max(count, 1.0);
    }
  }
  return counts;
}

void fill_by_seed(torch::nn::Module& module, std::uint64_t seed) {
  torch::manual_seed(seed);
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : module.parameters()) {
    parameter.normal_(0, 0.05);  // output layers begin with zeros
  }
}

class SemanticLossTest : public ::testing::Test {
 protected:
  SemanticLossTest() {
    fill_by_seed(*student_->unet(), 5);
    fill_by_seed(*teacher_->unet(), 6);
    batch_.lq = torch::rand({2, 3, kLrSide, kLrSide}) * 2 - 1;
    batch_.z_0 = torch::rand({2, 48, kLrSide, kLrSide}) * 2 - 1;
    batch_.z_y = torch::rand({2, 48, kLrSide, kLrSide}) * 2 - 1;
    batch_.coverage = torch::randint(0, 4, {2, 1, kLrSide, kLrSide}, torch::kUInt8);
    batch_.position = {8, 9};
    batch_.sample = {1, 0};
    train_.global_batch = 2;
    only_semantic_.lambda_distill = only_semantic_.lambda_inverse = only_semantic_.lambda_gt = 0;
  }

  /// A frozen net for `kind` of this model's pictures.
  std::shared_ptr<SemanticLoss> coverage_net(const std::string& kind, double weight = 1, bool from_gt = true) {
    const ModelSettings& model = student_->settings();
    CoverageNetSettings settings;
    settings.channels = 4;
    settings.input = kind;
    CoverageNet net = make_coverage_net(settings, coverage_net_input(kind, model.first_stage, model.scale), 3);
    fill_by_seed(*net, 4);
    for (at::Tensor& parameter : net->parameters()) {
      parameter.requires_grad_(false).mul_(4);
    }
    return make_coverage_net_loss(net, weight, from_gt);
  }

  std::shared_ptr<SemanticLoss> amg(bool released, std::int64_t every = 1) {
    return make_amg_loss(
        {std::make_shared<LevelMasks>(), student_->settings().scale, 0.5, released, every, train_.global_batch});
  }

  std::unique_ptr<Recipe> recipe(const std::shared_ptr<SemanticLoss>& semantic, const DistillSettings& distill) const {
    return make_samsr_recipe({.train = train_,
                              .distill = distill,
                              .network = student_,
                              .teacher = teacher_,
                              .noise = seeded_noise(train_.seed),
                              .semantic = semantic});
  }
  RecipeLosses losses(const std::shared_ptr<SemanticLoss>& semantic, const DistillSettings& distill) const {
    return recipe(semantic, distill)->losses(batch_, {});
  }
  /// The picture, or latent, that `semantic` compares.
  at::Tensor seen_by(const SemanticLoss& semantic, const at::Tensor& latent) const {
    return semantic.needs_image() ? student_->first_stage().decode(latent) : latent;
  }

  double student_gradient() {
    double sum = 0;
    for (const at::Tensor& parameter : student_->unet()->parameters()) {
      sum += parameter.grad().defined() ? parameter.grad().square().sum().item<double>() : 0;
    }
    return std::sqrt(sum);
  }

  TrainSettings train_;
  DistillSettings only_semantic_;
  const std::shared_ptr<SuperResolutionModel> student_ =
      std::make_shared<SuperResolutionModel>(testing::small_model_settings(3), 1);
  const std::shared_ptr<SuperResolutionModel> teacher_ =
      std::make_shared<SuperResolutionModel>(testing::small_model_settings(3), 2);
  Batch batch_;
};

class SemanticNetTest : public SemanticLossTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SemanticNetTest, EqualPicturesGiveZeroAndOthersDoNot) {
  const auto semantic = coverage_net(GetParam());
  const at::Tensor truth = seen_by(*semantic, batch_.z_0);
  EXPECT_EQ(semantic->of(truth, truth).max().item<float>(), 0);
  const at::Tensor other = semantic->of(seen_by(*semantic, batch_.z_y), truth);
  EXPECT_EQ(other.sizes(), at::IntArrayRef({2}));
  EXPECT_GT(other.min().item<float>(), 0);
}

TEST_P(SemanticNetTest, AloneItMovesTheStudent) {
  const auto semantic = coverage_net(GetParam());
  const RecipeLosses found = losses(semantic, only_semantic_);
  EXPECT_EQ(found.terms.back().name, "semantic");
  EXPECT_TRUE(found.total.allclose(found.terms.back().values));
  found.total.sum().backward();
  EXPECT_GT(student_gradient(), 0);
}

TEST_P(SemanticNetTest, GradientOfTheStudentAgreesWithDifferences) {
  const auto semantic = coverage_net(GetParam());
  const Diffusion& diffusion = student_->diffusion();
  const std::int64_t last = diffusion.schedule().last();
  const auto loss = [&] {
    const at::Tensor x0 = diffusion.predict(denoiser_of(student_->unet()), diffusion.scale_input(batch_.z_0, last),
                                            steps_of(last, 2, at::kCPU), batch_.z_y, batch_.lq);
    return semantic->of(seen_by(*semantic, x0), seen_by(*semantic, batch_.z_0)).sum();
  };
  const at::Tensor at_start = loss();
  at_start.backward();
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : student_->unet()->parameters()) {
    if (parameter.grad().defined()) {
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad().clone());
    }
  }
  // Along the gradient g the loss changes by |g|² a unit.
  const double expected = student_gradient() * student_gradient();
  const double step = 0.01 * at_start.item<double>() / expected;
  const torch::NoGradGuard no_grad;
  const auto moved = [&](double by) {
    at::_foreach_add_(parameters, gradients, by);
    const double value = loss().item<double>();
    at::_foreach_add_(parameters, gradients, -by);
    return value;
  };
  EXPECT_NEAR((moved(step) - moved(-step)) / (2 * step), expected, 0.01 * expected);
}

INSTANTIATE_TEST_SUITE_P(Inputs, SemanticNetTest, ::testing::Values("image", "latent"));

TEST_F(SemanticLossTest, EntersTheTotalWithItsWeight) {
  const auto semantic = coverage_net("image", 0.5);
  const DistillSettings all;
  const RecipeLosses with = losses(semantic, all);
  const RecipeLosses without = losses(nullptr, all);
  ASSERT_EQ(with.terms.size(), without.terms.size() + 1);
  EXPECT_TRUE(with.total.allclose(without.total + 0.5 * with.terms.back().values));
}

TEST_F(SemanticLossTest, ImagesThatTheRecipeDecodedAreNotDecodedAgain) {
  DistillSettings image = only_semantic_;
  image.space = "image";
  batch_.hr = student_->first_stage().decode(batch_.z_0);
  const auto semantic = coverage_net("image");
  const at::Tensor of_images = losses(semantic, image).terms.back().values;
  const at::Tensor of_latents = losses(semantic, only_semantic_).terms.back().values;
  EXPECT_TRUE(of_images.allclose(of_latents));
}

TEST_F(SemanticLossTest, NeedsTheHrImageOnlyWhereLatentsDoNotGiveIt) {
  for (const auto& semantic : {coverage_net("image"), coverage_net("latent"), amg(false)}) {
    EXPECT_FALSE(recipe(semantic, DistillSettings())->fields().hr);
  }
}

TEST_F(SemanticLossTest, AmgIsLoggedAndHasNoGradient) {
  const auto semantic = amg(/*released=*/false);
  const DistillSettings all;
  const RecipeLosses found = losses(semantic, all);
  EXPECT_EQ(found.terms.back().name, "semantic");
  EXPECT_GT(found.terms.back().values.min().item<float>(), 0);
  EXPECT_FALSE(found.terms.back().values.requires_grad());
  const RecipeLosses without = losses(nullptr, all);
  EXPECT_TRUE(at::equal(found.total, without.total));
  EXPECT_THROW(losses(semantic, only_semantic_), UserError) << "nothing has a gradient";
}

TEST_F(SemanticLossTest, LooksAtTheAnswerThatItIsAskedTo) {
  const Diffusion& diffusion = student_->diffusion();
  const at::Tensor noise = seeded_noise(train_.seed)(batch_, batch_.z_y.sizes().slice(1));
  const DistillStart from =
      distill_start(diffusion.schedule(), student_->settings().sam, batch_.z_y, noise, batch_.coverage);
  const DistillPredictions all = distill_predictions(diffusion, denoiser_of(student_->unet()),
                                                     {batch_.z_0, batch_.z_y, batch_.lq, from.x_T, batch_.z_0});
  for (const bool from_gt : {true, false}) {
    const auto semantic = coverage_net("image", 1, from_gt);
    const at::Tensor expected =
        semantic->of(seen_by(*semantic, from_gt ? all.x0_from_gt : all.x0), seen_by(*semantic, batch_.z_0));
    EXPECT_TRUE(losses(semantic, only_semantic_).total.allclose(expected)) << from_gt;
  }
}

/// L_SC of one picture against another in plain loops and double precision, masks by rule. Images are (3,sH,sW) in
/// [-1,1].
double expected_loss(const at::Tensor& prediction, const at::Tensor& truth, bool released) {
  const std::vector<std::vector<double>> a = released ? numbers_of(prediction) : weights_of(prediction);
  const std::vector<std::vector<double>> b = released ? numbers_of(truth) : weights_of(truth);
  double sum = 0;
  for (std::size_t y = 0; y < a.size(); ++y) {
    for (std::size_t x = 0; x < a[y].size(); ++x) {
      sum += (a[y][x] - b[y][x]) * (a[y][x] - b[y][x]);
    }
  }
  return sum / static_cast<double>(a.size() * a[0].size());
}

TEST_F(SemanticLossTest, AmgIsThePapersLossAndTheReleasedOne) {
  const at::Tensor prediction = student_->first_stage().decode(batch_.z_y);
  const at::Tensor truth = student_->first_stage().decode(batch_.z_0) * 0.7;  // another range
  for (const bool released : {false, true}) {
    const at::Tensor losses = amg(released)->of(prediction, truth);
    ASSERT_EQ(losses.sizes(), at::IntArrayRef({2}));
    for (const std::int64_t i : {0, 1}) {
      const double expected = expected_loss(prediction[i], truth[i], released);
      EXPECT_GT(expected, 1e-3);
      EXPECT_NEAR(losses[i].item<double>(), expected, 1e-5 * expected) << released << " " << i;
    }
  }
}

TEST_F(SemanticLossTest, AmgLooksForMasksInEveryNthStep) {
  const auto semantic = amg(false, 3);
  for (const std::uint64_t step : {0U, 1U, 2U, 3U, 4U, 6U}) {
    batch_.position = {2 * step, 2 * step + 1};
    EXPECT_EQ(losses(semantic, DistillSettings()).terms.back().name == "semantic", step % 3 == 0) << step;
  }
}

class MakeSemanticLoss : public SemanticLossTest {
 protected:
  std::unique_ptr<SemanticLoss> make(const SemanticSettings& settings, const MaskSettings& masks = {}) {
    return make_semantic_loss(settings, train_, method_named(recipe_), *student_, at::kCPU, masks, log_);
  }

  std::string recipe_ = "samsr";
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(MakeSemanticLoss, SaysThatAmgHasNoGradient) {
  SemanticSettings settings;
  settings.loss = "amg";
  ASSERT_NE(make(settings), nullptr);
  EXPECT_THAT(said_.str(), HasSubstr("semantic.loss amg is a count: no gradient; it is logged only"));
  EXPECT_EQ(make(settings)->weight(), 0);
  MaskSettings sam;
  sam.source = "sam";
  EXPECT_THROW(make(settings, sam), UserError) << "no weights are named";
}

TEST_F(MakeSemanticLoss, WithoutWeightsThereIsNoneOrALineThatSaysWhatToDo) {
  SemanticSettings settings;
  EXPECT_EQ(make(settings), nullptr);
  EXPECT_THAT(said_.str(), HasSubstr("semantic.weights"));
  settings.loss = "coverage_net";
  EXPECT_THAT(testing::error_of([&] { make(settings); }),
              AllOf(HasSubstr("semantic.weights is not set"), HasSubstr("train.recipe=coverage_net")));
  settings.loss = "none";
  EXPECT_EQ(make(settings), nullptr);
}

TEST_F(MakeSemanticLoss, AutoIsForSamsrAlone) {
  recipe_ = "sinsr";
  SemanticSettings settings;
  settings.weights = "/nowhere";
  EXPECT_EQ(make(settings), nullptr);
  recipe_ = "samsr";
  EXPECT_THROW(make(settings), UserError);
}

}  // namespace
}  // namespace samsr
