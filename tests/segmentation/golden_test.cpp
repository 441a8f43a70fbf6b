#include "support/golden.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "diffusion/coverage.h"

namespace samsr::testing {
namespace {

class CoverageGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(CoverageGolden, MasksToWeight) {
  const Golden golden(GetParam());
  const torch::Tensor masks = golden.read("in/masks");
  const torch::Tensor expected = golden.read("out/F_a");
  const torch::Tensor pooled =
      pool_masks(masks, masks.size(-1) / expected.size(-1), golden.config()["samsr"]["threshold"].as<double>());
  golden.expect_close(pooled, expected, "out/F_a");
  const torch::Tensor counts = coverage(pooled).unsqueeze(1);
  golden.expect_close(counts, "out/coverage");
  golden.expect_close(semantic_weight(counts), "out/W");
}

SAMSR_GOLDEN_SUITE(CoverageGolden, golden_files("samsr_paper"));

}  // namespace
}  // namespace samsr::testing
