#include "core/resize.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/first_stage/first_stage.h"

namespace samsr {
namespace {

TEST(ResizeBicubic, IsTheEnlargementWhereItEnlarges) {
  const at::Tensor image = at::rand({1, 3, 5, 6});
  EXPECT_TRUE(resize_bicubic(image, {20, 24}).equal(enlarge_bicubic(image, 4)));
  EXPECT_TRUE(resize_bicubic(image, {5, 6}).is_same(image));
  // Means stay where it shrinks: without antialiasing single pixels would be picked out.
  const at::Tensor board = at::arange(64).remainder(2).to(at::kFloat).view({1, 1, 1, 64}).expand({1, 1, 64, 64});
  EXPECT_LT((resize_bicubic(board, {8, 8}).narrow(3, 1, 6) - 0.5).abs().max().item<float>(), 0.05F);
}

}  // namespace
}  // namespace samsr
