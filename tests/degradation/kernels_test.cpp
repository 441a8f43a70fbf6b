#include "degradation/kernels.h"

#include <gtest/gtest.h>

#include <numbers>
#include <stdexcept>

namespace samsr {
namespace {

TEST(Kernels, SumToOneAndAreSymmetricAboutTheirMiddle) {
  for (const char* kind :
       {"iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso", "sinc"}) {
    const KernelSpec spec{
        .kind = kind, .size = 15, .sigma_x = 2.1, .sigma_y = 0.7, .theta = 0.6, .beta = 1.4, .cutoff = 1.9};
    const cv::Mat kernel = make_kernel(spec);
    EXPECT_EQ(kernel.size(), cv::Size(15, 15)) << kind;
    EXPECT_NEAR(cv::sum(kernel)[0], 1.0, 1e-12) << kind;
    cv::Mat turned;
    cv::flip(kernel, turned, -1);
    EXPECT_LT(cv::norm(kernel, turned, cv::NORM_INF), 1e-15) << kind;
  }
}

TEST(Kernels, ThetaTurnsTheLongAxisFromColumnsToRows) {
  const KernelSpec along{.kind = "aniso", .size = 11, .sigma_x = 3, .sigma_y = 1};
  KernelSpec upright = along;
  upright.theta = std::numbers::pi / 2;
  EXPECT_GT(make_kernel(along).at<double>(5, 9), make_kernel(along).at<double>(9, 5));
  EXPECT_LT(cv::norm(make_kernel(along), make_kernel(upright).t(), cv::NORM_INF), 1e-12);
}

TEST(Kernels, IsotropicKindsIgnoreTheSecondSigma) {
  const KernelSpec plain{.kind = "plateau_iso", .size = 9, .sigma_x = 2, .beta = 1.5};
  KernelSpec other = plain;
  other.sigma_y = 0.4;
  other.theta = 1;
  EXPECT_EQ(cv::norm(make_kernel(plain), make_kernel(other), cv::NORM_INF), 0);
}

TEST(Kernels, AnUnknownKindIsAnError) { EXPECT_THROW(make_kernel({.kind = "box"}), std::logic_error); }

}  // namespace
}  // namespace samsr
