#include "eval/upscale/model_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "models/embedded/embedded_student.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelArgumentTest : public ::testing::Test {
 protected:
  ModelArgument argument(const std::string& path) const {
    ModelArgument made;
    made.path = path;
    made.files.folder = scratch_.path().string();
    return made;
  }

  const testing::TemporaryFolder scratch_;
  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST(ShippedConfig, GoesByTheOfficialNameWhereverTheFileLies) {
  EXPECT_EQ(shipped_config_of("SamSR_v1"), "samsr_released_x4.yaml");
  EXPECT_EQ(shipped_config_of("weights/SinSR_v2.pth"), "sinsr_x4.yaml");
  EXPECT_EQ(shipped_config_of("converted/SamSR_v1.safetensors"), "samsr_released_x4.yaml");
  EXPECT_EQ(shipped_config_of("sam_vit_b"), "");  // no model of ours
  EXPECT_EQ(shipped_config_of("runs/student"), "");
}

TEST_F(ModelArgumentTest, TheEmbeddedStudentNeedsNoFile) {
  EXPECT_TRUE(load_model_argument(argument(kEmbeddedModel), log_).model != nullptr);
  EXPECT_THAT(said_.str(), HasSubstr("model: the embedded student"));
}

TEST_F(ModelArgumentTest, AMissingModelSaysWhatToDo) {
  EXPECT_THAT(error_of([&] { load_model_argument(argument("SamSR_v1"), log_); }),
              AllOf(HasSubstr("SamSR_v1.pth"), HasSubstr("published at"), HasSubstr(scratch_.path().string())));
  EXPECT_THAT(error_of([&] { load_model_argument(argument("embeded"), log_); }), HasSubstr("did you mean 'embedded'?"));
}

TEST_F(ModelArgumentTest, SettingsThatTheModelCarriesItselfAreSaidToHaveNoEffect) {
  ModelArgument asked = argument(kEmbeddedModel);
  asked.model = load_model_argument(asked, log_).model->settings();
  const double kappa = asked.model.diffusion.kappa;
  Settings settings;
  asked.model.bind(settings);
  settings.add("data.scale", asked.model.scale, "");
  settings.load_text("samsr:\n  m: 0.875\nunet:\n  model_channels: 96\n", "mine.yaml");
  for (const char* assignment : {"diffusion.kappa=3", "first_stage.type=none", "data.scale=2"}) {
    settings.apply_override(assignment);
  }
  settings.apply_override(fmt::format("diffusion.steps={}", asked.model.diffusion.steps));
  asked.given = model_settings_given(settings);
  load_model_argument(asked, log_);
  const std::string said = said_.str();
  EXPECT_THAT(said,
              HasSubstr(fmt::format("warning: 'diffusion.kappa=3' has no effect: the model carries {}\n", kappa)));
  EXPECT_THAT(said, HasSubstr("warning: 'first_stage.type=none' has no effect: the model carries "));
  EXPECT_THAT(said, HasSubstr("warning: 'data.scale=2' has no effect: the model carries 4\n"));
  EXPECT_THAT(said, HasSubstr("warning: mine.yaml:2: samsr.m=0.875 has no effect: the model carries "));
  EXPECT_THAT(said, HasSubstr("warning: mine.yaml:4: unet.model_channels=96 has no effect: the model carries "));
  EXPECT_THAT(said, Not(HasSubstr("diffusion.steps"))) << "it is the model's";
  EXPECT_THAT(said, Not(HasSubstr("diffusion.etas_end"))) << "nobody set it";
}

TEST_F(ModelArgumentTest, MasksOfSegmentAnythingFindTheirWeights) {
  const std::string file = (scratch_ / "sam_vit_b_01ec64.pth").string();
  testing::write_text(file, "");
  ModelArgument asked = argument(kEmbeddedModel);
  EXPECT_EQ(masks_of(asked, log_).weights, "");  // of the graph, which needs none
  asked.upscale.masks = "sam";
  EXPECT_EQ(masks_of(asked, log_).weights, file);
  EXPECT_THAT(said_.str(), HasSubstr("masks: " + file));
  asked.masks.weights = "mine.pth";
  EXPECT_EQ(masks_of(asked, log_).weights, "mine.pth");
  asked.masks.weights.clear();
  asked.upscale.noise = "plain";
  EXPECT_EQ(masks_of(asked, log_).weights, "");
}

}  // namespace
}  // namespace samsr
