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

INSTANTIATE_TEST_SUITE_P(Files, CoverageGolden, ::testing::ValuesIn(golden_files("samsr_paper")),
                         [](const auto& each) { return golden_test_name(each.param); });

}  // namespace
}  // namespace samsr::testing
