// A recipe with a discriminator, as docs/extending.md says one is added: its network, its page, its line in a table,
// its config.

#include "train/example/critic_recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "comm/communicator.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_writer.h"
#include "models/weights/load_weights.h"
#include "support/temporary_folder.h"
#include "train/recipes/recipes.h"
#include "train/step/step_metrics.h"
#include "train/trainer.h"

namespace samsr::testing {
namespace {
using ::testing::UnorderedElementsAre;

class CriticRecipeTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kStudent = 0;
  static constexpr std::size_t kCritic = 1;

  CriticRecipeTest() {
    Settings settings;
    RunSettings run;
    train_.bind(settings, run);
    distill_.bind(settings);
    model_.bind(settings);
    settings.load_file(SAMSR_TEST_TRAIN "/example/critic.yaml");
    torch::manual_seed(4);
    batch_.lq = torch::rand({4, 3, 16, 16}) * 2 - 1;
    for (at::Tensor* latent : {&batch_.z_0, &batch_.z_y, &batch_.x0}) {
      *latent = torch::rand({4, 48, 16, 16}) * 2 - 1;
    }
    batch_.coverage = torch::zeros({4, 1, 16, 16}, torch::kUInt8);
    batch_.position = batch_.sample = batch_.noise_seed = {0, 1, 2, 3};
  }

  std::unique_ptr<Recipe> recipe() const {
    return make_critic_recipe({.train = train_,
                               .distill = distill_,
                               .network = std::make_shared<SuperResolutionModel>(model_, 1),
                               .noise = seeded_noise(train_.seed)});
  }

  TrainSettings train_;
  DistillSettings distill_;
  ModelSettings model_;
  Batch batch_;
};

/// The line that makes it train.recipe=critic.
constexpr std::array kWithCritic{RecipeEntry{"critic", "a one-step student and a critic of latents", make_critic}};

/// Eight samples of noise as the shards of `folder`.
void write_noise_set(const std::filesystem::path& folder) {
  const auto sample = [] {
    const auto bytes = [](at::IntArrayRef shape) { return torch::randint(0, 256, shape, torch::kUInt8); };
    Sample made;
    made.fields = {{"hr", bytes({64, 64, 3})}, {"lr", bytes({16, 16, 3})}, {"coverage", bytes({16, 16})}};
    return made;
  };
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = folder / shard_name(0);
  const Sample first = sample();
  ShardWriter writer(path, {.config = "", .content = "", .seed = 1, .first_index = 0, .scale = 4, .tool = "test"},
                     first, 8);
  for (int i = 0; i < 8; ++i) {
    writer.append(sample());
  }
  writer.finish();
  Manifest manifest;
  manifest.shards.push_back(describe_shard(Shard(path)));
  write_manifest(folder, manifest);
}

TEST_F(CriticRecipeTest, IsTrainedByNameOnceItHasALineInATable) {
  const TemporaryFolder folder;
  write_noise_set(folder / "shards");
  SuperResolutionModel teacher(model_, 3);
  write_safetensors(folder / "teacher.safetensors", model_file(model_, "teacher", state_of(*teacher.unet())));
  TrainConfig config;
  config.run = {.device = "cpu", .threads = 1};
  config.train = train_;
  config.train.recipe = "critic";
  config.train.shards = folder / "shards";
  config.train.out = folder / "run";
  config.train.teacher_weights = folder / "teacher.safetensors";
  config.train.steps = 2;
  config.train.timeout = 0;
  config.distill = distill_;
  config.model = model_;
  const auto alone = make_single_communicator();
  std::ostringstream said;
  Log log(said, 0, 1, false);
  samsr::Run run(config, kWithCritic, *alone, log);
  Trainer(run).run();
  const Checkpoint saved = load_checkpoint(folder / "run" / checkpoint_name(2));
  for (const char* part : {"student", "ema", "optimizer", "critic", "critic-optimizer"}) {
    EXPECT_FALSE(saved.part(part, "").tensors.empty()) << part;
  }
  EXPECT_EQ(load_model(folder / "run" / checkpoint_name(2) / "ema.safetensors").method, &method_named("sinsr"));
}

TEST_F(CriticRecipeTest, TheCriticAddsItsTermToTheStudentsLosses) {
  const std::unique_ptr<Recipe> with = recipe();
  const RecipeLosses found = with->losses(batch_, {kStudent, false});
  const RecipeLosses plain = make_sinsr_recipe({.train = train_,
                                                .distill = distill_,
                                                .network = std::make_shared<SuperResolutionModel>(model_, 1),
                                                .noise = seeded_noise(train_.seed)})
                                 ->losses(batch_, {});
  ASSERT_EQ(found.terms.size(), plain.terms.size() + 1);
  EXPECT_EQ(found.terms.back().name, "adversarial");
  EXPECT_TRUE(found.total.allclose(plain.total + found.terms.back().weight * found.terms.back().values));
}

TEST_F(CriticRecipeTest, TrainsBothNetworksOnOneBatchAStep) {
  const auto alone = make_single_communicator();
  const std::unique_ptr<Recipe> trained = recipe();
  std::vector<TrainableState> states = make_states(*trained, 0.999);
  for (TrainableState& state : states) {
    state.connect(*alone);
  }
  const BatchPlan plan(train_.global_batch, train_.microbatch, 0, 1);
  TrainStep step({*trained, states, plan, train_});
  const auto weights = [&](std::size_t index) { return at::stack(at::_foreach_norm(states[index].parameters())); };
  int batches = 0;
  for (std::int64_t number = 1; number <= 3; ++number) {
    const at::Tensor student = weights(kStudent).clone();
    const at::Tensor critic = weights(kCritic).clone();
    const StepRecord record = step.run(number, [&] {
      ++batches;
      return batch_;
    });
    EXPECT_FALSE(weights(kStudent).equal(student)) << number;
    EXPECT_FALSE(weights(kCritic).equal(critic)) << number;
    StepMetrics metrics;
    fill(metrics, record, states, train_.global_batch);
    EXPECT_EQ(metrics.losses.front().first, "loss");
    EXPECT_EQ(std::ranges::count(metrics.losses, "critic_hinge", &std::pair<std::string, double>::first), 1);
  }
  EXPECT_EQ(batches, 3);
}

TEST_F(CriticRecipeTest, TheCriticLearnsToTellThemApart) {
  const std::unique_ptr<Recipe> trained = recipe();
  TrainableState critic(*trained, kCritic, 0.999);
  double first = 0;
  double last = 0;
  for (int step = 0; step < 40; ++step) {
    critic.zero_gradients();
    const at::Tensor hinge = trained->losses(batch_, {kCritic, true}).total.mean();
    hinge.backward();
    critic.update(3e-3, torch::zeros({}));
    (step == 0 ? first : last) = hinge.item<double>();
  }
  EXPECT_LT(last, 0.8 * first);
}

TEST_F(CriticRecipeTest, ItsCheckpointHoldsTheCritic) {
  const std::unique_ptr<Recipe> trained = recipe();
  Checkpoint checkpoint;
  make_states(*trained, 0.999)[kCritic].save(checkpoint);
  std::vector<std::string> names;
  for (const auto& [name, tensors] : checkpoint.parts) {
    names.push_back(name);
  }
  EXPECT_THAT(names, UnorderedElementsAre("critic", "critic-optimizer"));
}

}  // namespace
}  // namespace samsr::testing
