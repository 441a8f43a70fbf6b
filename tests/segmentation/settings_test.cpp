#include "segmentation/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segmentation/mask_source.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& assignment) {
  MaskSettings masks;
  Settings registry;
  masks.bind(registry);
  try {
    registry.apply_override(assignment);
    masks.check();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

TEST(MaskSettings, WrongValuesAreRefusedByName) {
  EXPECT_EQ(error_of("masks.graph_sigma=1"), "");
  EXPECT_THAT(error_of("masks.source=magic"), HasSubstr("graph"));
  EXPECT_THAT(error_of("masks.source=sam"), HasSubstr("masks.weights"));
  EXPECT_THAT(error_of("masks.graph_k=[]"), HasSubstr("at least one"));
  EXPECT_THAT(error_of("masks.graph_k=[100, -1]"), HasSubstr("above 0"));
  EXPECT_THAT(error_of("masks.graph_k=[100, 200]"), HasSubstr("masks.graph_min_size has 4"));
  EXPECT_THAT(error_of("masks.graph_min_area=0.5"), HasSubstr("no mask would be kept"));
}

TEST(MaskSource, SaysWhatIsMissing) {
  const auto error_with = [](const std::string& weights) -> std::string {
    MaskSettings masks;
    masks.source = "sam";
    masks.weights = weights;
    try {
      make_mask_source(masks);
    } catch (const UserError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(error_with(""), HasSubstr("masks.weights is not set"));
  EXPECT_THAT(error_with("no/such.pth"), HasSubstr("no/such.pth: cannot be read"));
}

}  // namespace
}  // namespace samsr
