// train.recipe=vpdsr through the program: what it says of itself, ranks, what it needs. Its losses: train_tests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class VpdsrTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    write_alexnet_of_lpips(in("weights"));
  }

  /// LPIPS beside the other losses, of files made by rule.
  static std::string lpips() { return "distill.lambda_lpips=0.5 weights.folder=" + in("weights") + " "; }
  static std::string vpdsr(const std::string& out, const std::string& more) {
    return train(out,
                 " train.recipe=vpdsr distill.lambda_inverse=0 distill.lambda_gt=0 distill.lambda_hfp=1 "
                 "distill.lambda_adversarial=0.02 discriminator.lr=1e-3 discriminator.c_dim=4 " +
                     more);
  }
};

TEST_F(VpdsrTraining, DescribesWhatIsPublishedAndWhatIsNot) {
  const Outcome outcome =
      run(samsr("train --config " SAMSR_SOURCE "/configs/vpdsr_x4.yaml --describe hfp.filter=haar"));
  EXPECT_EQ(outcome.status, 0);
  const std::size_t published = outcome.output.find("\nPublished\n");
  const std::size_t related = outcome.output.find("\nAs related methods have it\n");
  const std::size_t ours = outcome.output.find("\nNot known; our choice\n");
  ASSERT_LT(published, related);
  ASSERT_LT(related, ours);
  const auto stands_in = [&](const char* line, std::size_t section, std::size_t next) {
    const std::size_t at = outcome.output.find(line);
    EXPECT_GT(at, section) << line;
    EXPECT_LT(at, next) << line << outcome.output;
  };
  stands_in("  distill.lambda_ess: 0.5  # ", published, related);
  stands_in("  discriminator.loss: hinge  # TAD-SR's\n", related, ours);
  stands_in("  hfp.filter: haar  # ", ours, outcome.output.size());
  EXPECT_THAT(run(samsr("train train.recipe=samsr --describe")).output,
              AllOf(HasSubstr("samsr: a one-step student of noise that masks shape (SAMSR)"),
                    HasSubstr("docs/method.md"), Not(HasSubstr("Published"))));
}

TEST_F(VpdsrTraining, GivesTheSameLossesOnOneAndTwoRanksAndInAnyMicrobatches) {
  // As in tadsr_training_test.cpp.
  expect_the_same_on_two_ranks(vpdsr,
                               "train.lr=5e-5 train.eps=1e-4 discriminator.eps=1e-4 discriminator.slope=1 " + lpips(),
                               {"loss", "hfp", "lpips", "discriminator_loss"});
}

TEST_F(VpdsrTraining, LogsTheGradientOfEachTerm) {
  expect_term_gradients([](const std::string& out, const std::string& more) { return vpdsr(out, lpips() + more); },
                        {"grad_distill", "grad_hfp", "grad_lpips", "grad_adversarial"});
}

TEST_F(VpdsrTraining, WithACriticOfPicturesSamsrNeedsNoFeatures) {
  const Recipe critic = [](const std::string& out, const std::string& more) {
    return train(out,
                 " train.recipe=samsr distill.lambda_distill=0 distill.lambda_inverse=0 distill.lambda_gt=0 "
                 "distill.lambda_l1=1 distill.lambda_adversarial=0.02 discriminator.sees=image "
                 "discriminator.channels=4 " +
                     more);
  };
  expect_term_gradients(critic, {"grad_l1", "grad_adversarial"});
  const Outcome trained = run(samsr(critic("pictures", "train.steps=4")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("discriminator"));
  EXPECT_TRUE(metrics("pictures").back().contains("discriminator_accuracy"));
}

TEST_F(VpdsrTraining, WhatIsMissingIsSaidInOneLine) {
  const std::string elsewhere = " weights.folder=" + in("none");
  const std::pair<std::string, const char*> cases[] = {
      {"distill.lambda_hfp=0", "has none of its losses"},
      {"distill.lambda_ess=1 weights.folder=" + folder_->path().string(), "ViT-B-32.pt"},
      {"distill.lambda_lpips=1 distill.lpips_net=vgg" + elsewhere,
       "distill.lambda_lpips is 1: vgg16-397923af.pth is missing"},
      {"distill.lambda_perceptual=1" + elsewhere, "distill.lambda_perceptual is 1: taesana_encoder.pth is missing"},
      {"discriminator.sees=pictures", "discriminator.sees"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run("HOME=/nowhere TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere " +
                                samsr(vpdsr("wrong", settings + " train.steps=1")));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
