// The recipe regression: each term by its definition, the order of its moves, what the discriminator sees, however a
// step is cut, checkpoints, gradients in float64.

#include "train/recipes/regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "comm/communicator.h"
#include "core/pixels.h"
#include "eval/metric_weights_by_rule.h"
#include "models/directional_differences.h"
#include "models/discriminators/unet_discriminator.h"
#include "models/weights/load_weights.h"
#include "models/weights/safetensors.h"
#include "support/device.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kLrSide = 8;
constexpr std::size_t kNetwork = 0;
constexpr std::size_t kDiscriminator = 1;

NetworkSettings small_network(const std::string& type) {
  NetworkSettings settings;
  settings.type = type;
  settings.num_feat = 8;
  settings.num_block = 1;
  settings.num_grow_ch = 4;
  settings.num_conv = 2;
  return settings;
}

const NamedWeights& vgg_weights() {
  static const NamedWeights weights = testing::weights_by_rule(vgg19_weights(), 2);
  return weights;
}

class RegressionRecipeTest : public ::testing::Test {
 protected:
  RegressionRecipeTest() {
    parts_.train.optimizer.lr = 1e-3;
    parts_.train.milestones = {};
    parts_.losses.lambda_l1 = 0.7;
    parts_.losses.lambda_perceptual = 50;  // features by rule are faint
    parts_.losses.lambda_adversarial = 0.1;
    parts_.losses.usm.weight = 0.5;
    parts_.discriminator.loss = "softplus";
    parts_.discriminator.optimizer.lr = 1e-3;
    parts_.perceptual = std::make_shared<const VggLoss>(VggFeatures(vgg_weights(), testing::device()), kLayerWeights);
    torch::manual_seed(7);
    const at::Tensor hr = signed_from_bytes(torch::randint(0, 256, {4, 3, 4 * kLrSide, 4 * kLrSide}, torch::kUInt8));
    batch_.hr = testing::placed(hr);
    batch_.lq = at::avg_pool2d(batch_.hr, {4, 4});
    batch_.position = {4, 5, 6, 7};
    batch_.sample = {1, 8, 0, 3};
  }

  RegressionNetwork network() const {
    RegressionNetwork made = make_regression_network(small_network(type_), 4, 1);
    made.module->to(testing::device());
    return made;
  }

  /// The recipe of the parts with fresh networks, on this rank alone.
  void make() {
    parts_.network = network();
    parts_.average = network();
    if (parts_.losses.lambda_adversarial > 0) {
      torch::manual_seed(3);
      UNetDiscriminator critic(4);
      critic->to(testing::device());
      parts_.critic = critic.ptr();
    }
    recipe_ = make_regression_recipe(parts_);
    states_ = make_states(*recipe_, 0.999);
    for (TrainableState& state : states_) {
      state.start_average();
      state.connect(*alone_);
    }
  }

  StepRecord step(std::int64_t number, std::int64_t microbatch = 4) {
    const BatchPlan plan(4, microbatch, 0, 1);
    return TrainStep({*recipe_, states_, plan, parts_.train}).run(number, [this] { return batch_; });
  }

  std::map<std::string, at::Tensor> state(std::size_t trainable) const {
    const TensorFile file = state_of(*recipe_->trainables()[trainable].network);
    return {file.tensors.begin(), file.tensors.end()};
  }

  bool same(const std::map<std::string, at::Tensor>& one, const std::map<std::string, at::Tensor>& other) const {
    return std::ranges::all_of(one, [&](const auto& each) { return each.second.equal(other.at(each.first)); });
  }

  at::Tensor logits(const at::Tensor& images) const {
    const torch::NoGradGuard no_grad;
    return parts_.critic->forward({images}, {}, parts_.critic->vectors());
  }

  at::Tensor prediction() const {
    const torch::NoGradGuard no_grad;
    return parts_.network.forward((batch_.lq + 1) / 2);
  }

  static inline const std::vector<double> kLayerWeights{0.1, 0.1, 1, 1, 1};
  std::string type_ = "RRDBNet";
  RegressionParts parts_;
  Batch batch_;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
};

TEST_F(RegressionRecipeTest, EachTermOfTheNetworkIsItsDefinition) {
  for (const char* type : {"RRDBNet", "SRVGGNetCompact"}) {
    type_ = type;
    make();
    const RecipeLosses found = recipe_->losses(batch_, {.trainable = kNetwork});
    ASSERT_EQ(found.terms.size(), 3U);
    const at::Tensor image = prediction();
    const at::Tensor sharp = (sharpened_truth(batch_.hr, {50, 0.5, 10}) + 1) / 2;
    EXPECT_FALSE(sharp.allclose((batch_.hr + 1) / 2, 1e-2, 1e-2));
    const at::Tensor l1 = (image - sharp).to(at::kDouble).abs().flatten(1).mean(1);
    const at::Tensor perceptual =
        VggLoss(VggFeatures(vgg_weights(), testing::device()), kLayerWeights).of(image, sharp).to(at::kDouble);
    const at::Tensor of_image = logits(image).to(at::kDouble);
    const at::Tensor adversarial =
        at::binary_cross_entropy_with_logits(of_image, at::ones_like(of_image), {}, {}, at::Reduction::None).mean(1);
    const std::pair<const char*, at::Tensor> expected[] = {
        {"l1", l1}, {"perceptual", perceptual}, {"adversarial", adversarial}};
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(found.terms[i].name, expected[i].first);
      EXPECT_TRUE(found.terms[i].values.detach().to(at::kDouble).allclose(expected[i].second, 1e-5, 1e-7)) << i;
    }
    const at::Tensor total = 0.7 * l1 + 50 * perceptual + 0.1 * adversarial;
    EXPECT_TRUE(found.total.detach().to(at::kDouble).allclose(total, 1e-5, 1e-6));
  }
}

TEST_F(RegressionRecipeTest, TheDiscriminatorPaysTheCrossEntropyOfTheTruthAsItIs) {
  make();
  const RecipeLosses found = recipe_->losses(batch_, {.trainable = kDiscriminator});
  const at::Tensor real = logits((batch_.hr + 1) / 2).to(at::kDouble);
  const at::Tensor made = logits(prediction()).to(at::kDouble);
  const at::Tensor expected =
      (at::binary_cross_entropy_with_logits(real, at::ones_like(real), {}, {}, at::Reduction::None) +
       at::binary_cross_entropy_with_logits(made, at::zeros_like(made), {}, {}, at::Reduction::None))
          .mean(1);
  EXPECT_TRUE(found.total.detach().to(at::kDouble).allclose(expected, 1e-5, 1e-6));
  EXPECT_EQ(found.terms[0].name, "softplus");
}

TEST_F(RegressionRecipeTest, AStepTrainsTheNetworkThenTheDiscriminatorOnTheSamePrediction) {
  make();
  const auto network_before = state(kNetwork);
  const auto critic_before = state(kDiscriminator);
  const at::Tensor image = prediction();
  const StepRecord record = step(1);
  ASSERT_EQ(record.size(), 2U);
  EXPECT_EQ(record[0].trainable, kNetwork);
  EXPECT_THAT(record[0].names, ElementsAre("loss", "l1", "perceptual", "adversarial"));
  EXPECT_THAT(record[1].names, ElementsAre("loss", "softplus", "accuracy", "real", "fake"));
  EXPECT_FALSE(same(network_before, state(kNetwork)));
  EXPECT_FALSE(same(critic_before, state(kDiscriminator)));
  // The discriminator anew, its vectors brought on by the passes of a step: the network's, the truth's, the
  // prediction's.
  torch::manual_seed(3);
  UNetDiscriminator fresh(4);
  fresh->to(testing::device());
  fresh->advance();
  fresh->advance();
  const auto vectors = fresh->advance();
  const torch::NoGradGuard no_grad;
  const double fake = fresh->forward({image}, {}, vectors).to(at::kDouble).mean(1).sum().item<double>();
  EXPECT_NEAR(record[1].total[4].item<double>(), fake, 1e-4 * std::abs(fake) + 1e-6) << "the network before its update";
}

TEST_F(RegressionRecipeTest, AStepIsTheSameHoweverItIsCut) {
  make();
  step(1);
  const at::Tensor whole = step(2)[1].images;
  make();
  step(1, 1);
  EXPECT_TRUE(step(2, 1)[1].images.allclose(whole, 1e-4, 1e-4));
}

TEST_F(RegressionRecipeTest, SharpensBesideTheLoadingOrByItself) {
  make();
  const RecipeLosses found = recipe_->losses(batch_, {.trainable = kNetwork});
  Batch loaded = batch_;
  loaded.hr = bytes_from_signed(batch_.hr).cpu();
  loaded.lq = batch_.lq.cpu();
  recipe_->prepare(loaded);
  EXPECT_TRUE(loaded.hr_sharp.defined());
  const Batch there = to_device(loaded, testing::device());
  EXPECT_TRUE(recipe_->losses(there, {.trainable = kNetwork}).total.equal(found.total));
  EXPECT_EQ(slice(there, 1, 2).hr_sharp.size(0), 2);
  parts_.losses.usm.weight = 0;
  make();
  loaded.hr_sharp.reset();
  recipe_->prepare(loaded);
  EXPECT_FALSE(loaded.hr_sharp.defined());
  EXPECT_FALSE(recipe_->losses(batch_, {.trainable = kNetwork}).terms[0].values.equal(found.terms[0].values));
}

TEST_F(RegressionRecipeTest, WithoutADiscriminatorItIsRealEsrNet) {
  parts_.losses.lambda_adversarial = parts_.losses.lambda_perceptual = 0;
  parts_.losses.lambda_l1 = 1;
  parts_.perceptual = nullptr;
  make();
  ASSERT_EQ(recipe_->trainables().size(), 1U);
  EXPECT_THAT(step(1)[0].names, ElementsAre("loss", "l1"));
  double first = 0;
  double last = 0;
  for (std::int64_t number = 2; number <= 60; ++number) {
    last = step(number)[0].images.mean().item<double>();
    first = number == 2 ? last : first;
  }
  EXPECT_LT(last, 0.9 * first);
  const at::Tensor pictures = recipe_->predict(batch_);
  EXPECT_EQ(pictures.sizes(), batch_.hr.sizes());
  EXPECT_GE(pictures.min().item<float>(), -1);
  EXPECT_LE(pictures.max().item<float>(), 1);
}

TEST_F(RegressionRecipeTest, TheAdversarialTermBeginsWhereTheSettingsSay) {
  parts_.discriminator.start = 3;
  make();
  EXPECT_THAT(step(2)[0].names, ElementsAre("loss", "l1", "perceptual"));
  EXPECT_THAT(step(3)[0].names, ElementsAre("loss", "l1", "perceptual", "adversarial"));
  parts_.losses.lambda_l1 = 0;
  parts_.perceptual = nullptr;
  make();
  EXPECT_THAT(testing::error_of([&] { step(1); }), HasSubstr("discriminator.start"));
}

TEST_F(RegressionRecipeTest, ACheckpointGoesOnToTheBit) {
  make();
  step(1);
  Checkpoint checkpoint;
  for (const TrainableState& state : states_) {
    state.save(checkpoint);
  }
  for (auto& [name, part] : checkpoint.parts) {
    for (auto& [tensor_name, tensor] : part.tensors) {
      tensor = tensor.clone();  // as in a file: the next step does not reach them
    }
  }
  step(2);
  const auto network = state(kNetwork);
  const auto critic = state(kDiscriminator);
  make();
  for (TrainableState& state : states_) {
    state.load(checkpoint, "checkpoint");
  }
  step(2);
  EXPECT_TRUE(same(network, state(kNetwork)));
  EXPECT_TRUE(same(critic, state(kDiscriminator)));
}

/// The whole recipe in float64 on the CPU: what each move differentiates. A small step, as a million features have as
/// many kinks.
TEST_F(RegressionRecipeTest, TheDiscriminatorBeginsFromTheFileThatIsNamed) {
  const testing::TemporaryFolder folder;
  make();
  step(1);
  const auto trained = state(kDiscriminator);
  write_safetensors(folder / "discriminator.safetensors", {{trained.begin(), trained.end()}, {}});
  parts_.discriminator.init = folder / "discriminator.safetensors";
  make();
  std::ostringstream said;
  Log log(said, 0, 1, false);
  recipe_->load_first_weights(log);
  EXPECT_TRUE(same(trained, state(kDiscriminator)));
}

TEST_F(RegressionRecipeTest, GradientsAgreeWithDifferencesInDouble) {
  parts_.perceptual =
      std::make_shared<const VggLoss>(VggFeatures(vgg_weights(), c10::kCPU, at::kDouble), kLayerWeights);
  for (const char* type : {"RRDBNet", "SRVGGNetCompact"}) {
    type_ = type;
    make();
    // Fresh spectral vectors miss the largest singular values, and logits of thousands leave the differences no digits.
    for (int pass = 0; pass < 20; ++pass) {
      parts_.critic->advance();
    }
    for (const auto& module : {parts_.network.module, std::shared_ptr<torch::nn::Module>(parts_.critic)}) {
      module->to(c10::kCPU, at::kDouble);
    }
    Batch batch;
    batch.hr = batch_.hr.narrow(0, 0, 1).cpu().to(at::kDouble);
    batch.lq = batch_.lq.narrow(0, 0, 1).cpu().to(at::kDouble);
    batch.position = {batch_.position[0]};
    batch.sample = {batch_.sample[0]};
    for (const std::size_t move : {kNetwork, kDiscriminator}) {
      parts_.network.module->zero_grad();
      parts_.critic->zero_grad();
      std::vector<std::pair<std::string, at::Tensor>> checked;
      for (const auto& parameter : recipe_->trainables()[move].network->named_parameters()) {
        if (parameter.key().find("weight") != std::string::npos) {
          checked.emplace_back(parameter.key(), parameter.value());
        }
      }
      testing::expect_gradients([&] { return recipe_->losses(batch, {.trainable = move}).total.sum(); }, checked, 2e-9,
                                2e-5);
    }
  }
}

TEST(RegressionNetworks, BeginAsThePublishedCodeDoesAndFitTheirScale) {
  const RegressionNetwork one = make_regression_network(small_network("RRDBNet"), 4, 5);
  const RegressionNetwork other = make_regression_network(small_network("RRDBNet"), 4, 5);
  const auto weights = other.module->named_parameters();
  for (const auto& parameter : one.module->named_parameters()) {
    EXPECT_TRUE(parameter.value().equal(weights[parameter.key()])) << parameter.key() << ": a function of the seed";
  }
  // He's deviation √(2/fan_in), a tenth of it, and no bias.
  const at::Tensor dense = weights["body.0.rdb2.conv5.weight"];
  const double expected = 0.1 * std::sqrt(2.0 / static_cast<double>(dense.numel() / dense.size(0)));
  EXPECT_NEAR(dense.std().item<double>(), expected, 0.1 * expected);
  EXPECT_EQ(weights["body.0.rdb2.conv5.bias"].abs().max().item<float>(), 0);
  EXPECT_GT(weights["conv_first.bias"].abs().max().item<float>(), 0);
  EXPECT_EQ(one.multiple, 1);
  EXPECT_EQ(make_regression_network(small_network("RRDBNet"), 2, 5).multiple, 2);
  const RegressionNetwork compact = make_regression_network(small_network("SRVGGNetCompact"), 3, 5);
  EXPECT_EQ(compact.forward(torch::rand({1, 3, 5, 7})).sizes(), at::IntArrayRef({1, 3, 15, 21}));
  EXPECT_THROW(make_regression_network(small_network("RRDBNet"), 3, 5), UserError);
}

}  // namespace
}  // namespace samsr
