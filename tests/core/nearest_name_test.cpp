#include "core/nearest_name.h"

#include <gtest/gtest.h>

namespace samsr {
namespace {

TEST(NearestName, FindsAMisspelling) {
  EXPECT_EQ(nearest_name("train.lrr", {"train.lr", "train.steps", "data.seed"}), "train.lr");
  EXPECT_EQ(nearest_name("psnr", {"psnr_y", "ssim_y"}), "psnr_y");
}

TEST(NearestName, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("zebra", {"train.lr", "data.images"}), "");
  EXPECT_EQ(nearest_name("x", {}), "");
}

TEST(NearestName, MessagesEndWithIt) {
  EXPECT_EQ(did_you_mean("psnr", {"psnr_y", "ssim_y"}), ", did you mean 'psnr_y'?");
  EXPECT_EQ(did_you_mean("zebra", {"psnr_y", "ssim_y"}), "");
}

}  // namespace
}  // namespace samsr
