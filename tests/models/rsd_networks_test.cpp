// RSD's networks: the student's noise channels and the head on the fake network's middle block.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "diffusion/golden_case.h"
#include "diffusion/resshift.h"
#include "models/unet/classifier_head.h"
#include "models/unet/noise_channels.h"
#include "models/unet/unet_weight_count.h"
#include "models/weights/load_weights.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {
using testing::golden_files;

class RsdNetworksGolden : public testing::GoldenCase {
 protected:
  RsdNetworksGolden() {
    UNetSettings settings = testing::unet_settings(golden_.config()["unet"]);
    testing::fill_by_rule(*(fake_ = UNetSwin(settings)), golden_.salt(), "fake.");
    testing::placed(fake_);
    const YAML::Node gan = rsd_["gan"];
    head_ = ClassifierHead(ClassifierHeadImpl::Options{settings.channels(settings.levels() - 1),
                                                       gan["head_kernel"].as<std::int64_t>(),
                                                       gan["head_groups"].as<std::int64_t>()});
    testing::fill_by_rule(*head_, golden_.salt(), "head.");
    testing::placed(head_);
    settings.noise_channels = rsd_["noise_channels"].as<std::int64_t>();
    testing::fill_by_rule(*(noisy_student_ = UNetSwin(settings)), golden_.salt(), "student.");
    testing::placed(noisy_student_);
  }

  /// The golden file's names behind a prefix.
  std::vector<std::string> names(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const std::string& name : golden_.param_names()) {
      if (name.starts_with(prefix)) {
        found.push_back(name.substr(prefix.size()));
      }
    }
    return found;
  }

  const YAML::Node rsd_ = golden_.config()["rsd"];
  UNetSwin fake_{nullptr};
  ClassifierHead head_{nullptr};
  UNetSwin noisy_student_{nullptr};
};

TEST_P(RsdNetworksGolden, HaveTheNamesOfTheReference) {
  EXPECT_EQ(noisy_student_->named_parameters().keys(), names("student."));
  EXPECT_EQ(fake_->named_parameters().keys(), names("fake."));
  EXPECT_EQ(head_->named_parameters().keys(), names("head."));
}

TEST_P(RsdNetworksGolden, TheStudentAnswersToNoiseInAChannel) {
  const torch::NoGradGuard no_grad;
  const auto answer = [&](const at::Tensor& x, const at::Tensor& steps, const at::Tensor& noise) {
    return diffusion_.predict(with_noise(denoiser_of(noisy_student_), noise), diffusion_.scale_input(x, steps), steps,
                              batch_.z_y, batch_.lq);
  };
  const at::Tensor x_T = sinsr_start(schedule(), batch_.z_y, golden_.read("in/noise_T")).x_T;
  const at::Tensor last = steps_of(schedule().last(), x_T.size(0), x_T.device());
  golden_.expect_close(answer(x_T, last, golden_.read("in/epsilon_T")), "out/x0_T");

  const at::Tensor nodes = torch::tensor(rsd_["nodes"].as<std::vector<std::int64_t>>()).to(testing::device());
  const auto at_node = [&](std::int64_t step) {
    const at::Tensor steps = nodes.index_select(0, golden_.read("in/node")[step]);
    return answer(q_sample(schedule(), batch_.z_0, batch_.z_y, steps, golden_.read("in/noise_n")[step]), steps,
                  golden_.read("in/epsilon")[step]);
  };
  golden_.expect_close(at_node(0), "out/x0_fake_step");
  golden_.expect_close(at_node(rsd_["fake_steps"].as<std::int64_t>()), "out/x0");
}

TEST_P(RsdNetworksGolden, TheHeadTellsLatentsApart) {
  const torch::NoGradGuard no_grad;
  const auto step = rsd_["gan"]["timestep"].as<std::int64_t>();
  const auto logits = [&](const at::Tensor& latents) {
    return head_->forward(fake_->middle(diffusion_.scale_input(latents, step),
                                        steps_of(step, latents.size(0), latents.device()), batch_.lq));
  };
  golden_.expect_close(logits(batch_.z_0), "out/logits_real");
  golden_.expect_close(logits(golden_.read("out/x0_fake_step")), "out/logits_made");
}

SAMSR_GOLDEN_SUITE(RsdNetworksGolden, golden_files("rsd"));

class NoiseChannels : public ::testing::Test {
 protected:
  NoiseChannels() {
    settings_.unet.noise_channels = 2;
    testing::fill_by_rule(*teacher_.unet(), 2);
  }

  /// The teacher's network with noise channels that it does not look at.
  TensorFile widened() { return with_noise_channels(state_of(*teacher_.unet()), settings_.unet); }
  at::Tensor noise(std::int64_t channels) const { return torch::randn({1, channels, 16, 16}); }

  ModelSettings settings_ = testing::small_model_settings(4);
  SuperResolutionModel teacher_{testing::small_model_settings(4), 1};
  const at::Tensor lq_ = torch::rand({1, 3, 16, 16}) * 2 - 1;
};

TEST_F(NoiseChannels, StartWithoutEffect) {
  SuperResolutionModel student(settings_, 1);
  EXPECT_EQ(student.noise_shape(16, 16)[0], 50);
  load_weights(*student.unet(), widened(), "the teacher");
  const at::Tensor plain = noise(48);
  const at::Tensor expected = teacher_.one_step(lq_, plain);
  EXPECT_TRUE(student.one_step(lq_, at::cat({plain, noise(2)}, 1)).allclose(expected, 1e-4, 1e-4));
  testing::fill_by_rule(*student.unet(), 2);
  const at::Tensor one = student.one_step(lq_, at::cat({plain, noise(2)}, 1));
  EXPECT_FALSE(one.allclose(student.one_step(lq_, at::cat({plain, noise(2)}, 1)), 1e-3, 1e-3));
}

TEST_F(NoiseChannels, WeightsThatHaveThemStayAsTheyAre) {
  const TensorFile once = widened();
  const TensorFile twice = with_noise_channels(once, settings_.unet);
  ASSERT_EQ(once.tensors.size(), twice.tensors.size());
  for (std::size_t i = 0; i < once.tensors.size(); ++i) {
    EXPECT_TRUE(once.tensors[i].second.equal(twice.tensors[i].second)) << once.tensors[i].first;
  }
  EXPECT_EQ(noise_channels_in(once, settings_.unet), 2);
  EXPECT_EQ(noise_channels_in(state_of(*teacher_.unet()), settings_.unet), 0);
  EXPECT_EQ(noise_channels_in({}, settings_.unet), 0);
}

TEST_F(NoiseChannels, AreCountedInTheWeights) {
  double count = 0;
  for (const at::Tensor& parameter : SuperResolutionModel(settings_, 1).unet()->parameters()) {
    count += static_cast<double>(parameter.numel());
  }
  EXPECT_EQ(unet_weight_count(settings_.unet), count);
}

TEST_F(NoiseChannels, AFileWithThemIsRsdsStudent) {
  const testing::TemporaryFolder folder;
  SuperResolutionModel student(settings_, 1);
  testing::fill_by_rule(*student.unet(), 3);
  const at::Tensor drawn = noise(50);
  const at::Tensor expected = student.one_step(lq_, drawn);
  save_model(folder / "own.safetensors", settings_, "rsd_student", state_of(*student.unet()));
  const LoadedModel own = load_model(folder / "own.safetensors");
  EXPECT_EQ(own.method, &method_named("rsd"));
  EXPECT_TRUE(own.model->one_step(lq_, drawn).equal(expected));

  torch::save(student.unet(), (folder / "official.pth").string());
  ModelSettings given = testing::small_model_settings(4);
  const LoadedModel official = load_model(folder / "official.pth", {}, &given);
  EXPECT_EQ(official.method, &method_named("rsd"));
  EXPECT_TRUE(official.model->one_step(lq_, drawn).equal(expected));
  // And the teacher beside it is none, though the student's settings are given.
  torch::save(teacher_.unet(), (folder / "teacher.pth").string());
  EXPECT_EQ(load_teacher_model(folder / "teacher.pth", settings_)->settings().unet.noise_channels, 0);
}

}  // namespace
}  // namespace samsr
