#include "degradation/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "degradation/pipeline.h"
#include "degradation/presets.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

// The values of ResShift's configs/realsr_swinunet_realesrgan256.yaml, which SinSR and SAMSR share.
constexpr const char* kPublished = R"(
degradation:
  resize_prob: [0.2, 0.7, 0.1]
  resize_range: [0.15, 1.5]
  gaussian_noise_prob: 0.5
  noise_range: [1, 30]
  poisson_scale_range: [0.05, 3.0]
  gray_noise_prob: 0.4
  jpeg_range: [30, 95]
  second_order_prob: 0.5
  second_blur_prob: 0.8
  resize_prob2: [0.3, 0.4, 0.3]
  resize_range2: [0.3, 1.2]
  gaussian_noise_prob2: 0.5
  noise_range2: [1, 25]
  poisson_scale_range2: [0.05, 2.5]
  gray_noise_prob2: 0.4
  jpeg_range2: [30, 95]
  use_sharp: false
  blur_kernel_size: 21
  kernel_list: ['iso', 'aniso', 'generalized_iso', 'generalized_aniso', 'plateau_iso', 'plateau_aniso']
  kernel_prob: [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
  sinc_prob: 0.1
  blur_sigma: [0.2, 3.0]
  betag_range: [0.5, 4.0]
  betap_range: [1, 2.0]
  blur_kernel_size2: 15
  kernel_list2: ['iso', 'aniso', 'generalized_iso', 'generalized_aniso', 'plateau_iso', 'plateau_aniso']
  kernel_prob2: [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
  sinc_prob2: 0.1
  blur_sigma2: [0.2, 1.5]
  betag_range2: [0.5, 4.0]
  betap_range2: [1, 2.0]
  final_sinc_prob: 0.8
)";

TEST(DegradationSettings, DefaultsAreThePublishedValues) {
  DegradationSettings settings;
  Settings registry;
  settings.bind(registry);
  const std::string defaults = registry.to_yaml();
  registry.load_text(kPublished, "published");
  EXPECT_EQ(registry.to_yaml(), defaults);
}

TEST(DegradationPresets, SetWhatTheyArePublishedFor) {
  for (const std::string& name : degradation_presets()) {
    DegradationSettings settings;
    Settings registry;
    settings.bind(registry);
    registry.apply_override("degradation.preset=" + name);
    registry.load_unset(degradation_preset(name), name);
    EXPECT_NO_THROW(settings.check()) << name;
    EXPECT_EQ(settings.kind, name == "bicubic" ? "bicubic" : "second_order");
    EXPECT_EQ(settings.sharpens_truth(), name == "realesrgan");
    EXPECT_EQ(settings.first.blur_kernel_min, name.starts_with("resshift") ? 3 : 7);
  }
}

std::string refusal_of(const std::string& assignment) {
  DegradationSettings settings;
  Settings registry;
  settings.bind(registry);
  return testing::error_of([&] {
    registry.apply_override(assignment);
    DegradationPipeline(settings, 4);
  });
}

TEST(DegradationSettings, WrongValuesAreRefusedByName) {
  EXPECT_THAT(refusal_of("degradation.resize_range=[0.15]"), HasSubstr("degradation.resize_range"));
  EXPECT_THAT(refusal_of("degradation.noise_range=[30, 1]"), HasSubstr("smaller first"));
  EXPECT_THAT(refusal_of("degradation.gray_noise_prob2=1.5"), HasSubstr("0 to 1"));
  EXPECT_THAT(refusal_of("degradation.jpeg_range=[0, 95]"), HasSubstr("1 to 100"));
  EXPECT_THAT(refusal_of("degradation.blur_kernel_size=20"), HasSubstr("odd"));
  EXPECT_THAT(refusal_of("degradation.kernel_list=[iso, box]"), HasSubstr("plateau_iso"));
  EXPECT_THAT(refusal_of("degradation.resize_prob=[0, 0, 0]"), HasSubstr("not all 0"));
  EXPECT_EQ(refusal_of("degradation.resize_range=[0.2, 1.4]"), "no error");
}

TEST(DegradationSettings, ContradictionsAreRefused) {
  EXPECT_THAT(refusal_of("degradation.kernel_list2=[iso, aniso]"), HasSubstr("degradation.kernel_prob2 has 6"));
  EXPECT_THAT(refusal_of("degradation.blur_kernel_size=5"), HasSubstr("degradation.blur_kernel_min is 7"));
}

}  // namespace
}  // namespace samsr
