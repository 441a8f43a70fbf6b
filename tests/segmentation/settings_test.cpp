#include "segmentation/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segmentation/mask_source.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::string& assignment) {
  MaskSettings masks;
  Settings registry;
  masks.bind(registry);
  return testing::error_of([&] {
    registry.apply_override(assignment);
    masks.check();
  });
}

TEST(MaskSettings, LatentsAreSegmentedWhereTheReleasedCodeDoesUnlessAskedOtherwise) {
  MaskSettings masks;
  EXPECT_FALSE(masks.of_latents(/*released=*/true)) << "graph masks are samsr's own";
  masks.source = "sam";
  EXPECT_TRUE(masks.of_latents(true));
  EXPECT_FALSE(masks.of_latents(false));
  masks.picture = "lr";
  EXPECT_FALSE(masks.of_latents(true));
  masks.picture = "latent";
  masks.source = "graph";
  EXPECT_TRUE(masks.of_latents(false));
}

TEST(MaskSettings, WrongValuesAreRefusedByName) {
  EXPECT_EQ(refusal_of("masks.graph_sigma=1"), "no error");
  EXPECT_THAT(refusal_of("masks.source=magic"), HasSubstr("graph"));
  EXPECT_THAT(refusal_of("masks.source=sam"), HasSubstr("masks.weights"));
  EXPECT_THAT(refusal_of("masks.graph_k=[]"), HasSubstr("at least one"));
  EXPECT_THAT(refusal_of("masks.graph_k=[100, -1]"), HasSubstr("above 0"));
  EXPECT_THAT(refusal_of("masks.graph_k=[100, 200]"), HasSubstr("masks.graph_min_size has 4"));
  EXPECT_THAT(refusal_of("masks.graph_min_area=0.5"), HasSubstr("no mask would be kept"));
}

TEST(MaskSource, SaysWhatIsMissing) {
  const auto error_with = [](const std::string& weights) {
    MaskSettings masks;
    masks.source = "sam";
    masks.weights = weights;
    return testing::error_of([&] { make_mask_source(masks); });
  };
  EXPECT_THAT(error_with(""), HasSubstr("masks.weights is not set"));
  EXPECT_THAT(error_with("no/such.pth"), HasSubstr("no/such.pth: cannot be read"));
}

}  // namespace
}  // namespace samsr
