// The whole way of Segment Anything: picture, network, points, masks.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "segmentation/automatic/automatic_masks.h"
#include "segmentation/automatic_masks_fixtures.h"
#include "segmentation/sam/point_decoder.h"
#include "segmentation/sam_fixtures.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace samsr::testing {
namespace {

class SamMasksGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(SamMasksGolden, FindsTheSameMasks) {
  const Golden golden(GetParam());
  SamPointDecoder decoder(seeded_sam(architecture_of(golden.config()), golden.salt()));
  const std::vector<AutomaticMask> masks =
      generate_masks({picture_of(golden.read("in/image"))}, automatic_settings(golden.config()["amg"]), decoder)
          .front();
  const torch::Tensor expected = golden.read("out/masks");
  ASSERT_EQ(static_cast<std::int64_t>(masks.size()), expected.size(0));
  std::vector<double> iou;
  std::vector<double> stability;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    const torch::Tensor found = stack_masks({masks[i].mask}, masks[i].mask.size())[0].to(torch::kBool);
    const torch::Tensor wanted = expected[static_cast<std::int64_t>(i)].to(torch::kBool);
    // Rule-seeded networks give noise, which crosses the threshold everywhere: single pixels may round over it.
    const double overlap = (found & wanted).sum().item<double>() / (found | wanted).sum().item<double>();
    EXPECT_GT(overlap, 0.9995) << "mask " << i;
    iou.push_back(masks[i].predicted_iou);
    stability.push_back(masks[i].stability_score);
  }
  golden.expect_close(torch::tensor(iou, torch::kDouble), "out/predicted_iou");
  golden.expect_close(torch::tensor(stability, torch::kDouble), "out/stability_score");
}

SAMSR_GOLDEN_SUITE(SamMasksGolden, golden_files("sam_masks"));

}  // namespace
}  // namespace samsr::testing
