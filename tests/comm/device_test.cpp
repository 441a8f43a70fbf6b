#include "comm/device.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

using Visible = std::vector<std::vector<std::string>>;
constexpr auto kAllowed = GpuSharing::kAllowed;
constexpr auto kRefused = GpuSharing::kRefused;

/// Indices of the devices of all ranks of a host; -1 for a CPU.
std::vector<int> indices(const std::string& setting, const Visible& visible, GpuSharing sharing) {
  std::vector<int> found;
  for (std::size_t rank = 0; rank < visible.size(); ++rank) {
    found.push_back(decide_device(setting, visible, static_cast<int>(rank), sharing).device.index());
  }
  return found;
}

TEST(DecideDevice, DealsTheHostsGpusOut) {
  EXPECT_EQ(indices("auto", Visible(4, {"a", "b", "c", "d"}), kRefused), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(indices("cuda", Visible(2, {"a", "b", "c", "d"}), kRefused), (std::vector{0, 1}));
  EXPECT_TRUE(decide_device("cuda", {{"a"}}, 0, kRefused).device.is_cuda());
}

TEST(DecideDevice, MoreRanksThanGpusShareThemUnlessGradientsGoOverNccl) {
  const Visible visible(5, {"a", "b"});
  EXPECT_EQ(indices("auto", visible, kAllowed), (std::vector{0, 1, 0, 1, 0}));
  EXPECT_EQ(decide_device("auto", visible, 0, kAllowed).ranks, 3);
  EXPECT_EQ(decide_device("auto", visible, 3, kAllowed).ranks, 2);
  const std::string refused = testing::error_of([&] { return decide_device("auto", visible, 0, kRefused); });
  EXPECT_THAT(refused, HasSubstr("5 ranks on a host with 2 GPUs"));
  EXPECT_THAT(refused, HasSubstr("--map-by ppr:2:node"));
  EXPECT_THAT(refused, HasSubstr("train.exchange=host"));
}

TEST(DecideDevice, ARankThatSeesAGpuOfItsOwnTakesIt) {
  EXPECT_EQ(indices("auto", {{"a"}, {"b"}, {"c"}}, kRefused), (std::vector{0, 0, 0}));
  EXPECT_EQ(indices("auto", {{"a", "b"}, {"a", "b"}, {"c", "d"}, {"c", "d"}}, kRefused), (std::vector{0, 1, 0, 1}));
  EXPECT_EQ(decide_device("auto", {{"a"}, {"b"}}, 1, kRefused).ranks, 1);
  EXPECT_THAT(testing::error_of([] {
                return decide_device("auto", {{"a"}, {"a"}}, 1, kRefused);
              }),
              HasSubstr("2 ranks on a host with 1 GPU,"));
}

TEST(DecideDevice, ListsThatOverlapAreRefusedOnlyWhereOneGpuWouldBeTakenTwice) {
  EXPECT_EQ(indices("auto", {{"a", "b"}, {"b", "a"}}, kRefused), (std::vector{0, 0}));
  EXPECT_THAT(testing::error_of([] {
                return decide_device("auto", {{"a", "b"}, {"a", "c"}}, 0, kRefused);
              }),
              HasSubstr("2 ranks on a host with 1 GPU,"));
}

TEST(DecideDevice, TakesTheCpuWhereItIsAskedForOrThereIsNoGpu) {
  EXPECT_EQ(indices("auto", {{}, {}}, kRefused), (std::vector{-1, -1}));
  EXPECT_EQ(indices("cpu", {{"a"}, {"a"}}, kRefused), (std::vector{-1, -1}));
  EXPECT_EQ(decide_device("cpu", {{"a"}, {"a"}}, 0, kRefused).ranks, 2);
}

TEST(DecideDevice, SaysWhatIsMissing) {
  EXPECT_THAT(testing::error_of([] { return decide_device("cuda", {{}}, 0, kAllowed); }),
              HasSubstr("no GPU can be used"));
  EXPECT_THAT(testing::error_of([] {
                return decide_device("auto", {{"a"}, {}, {}}, 0, kAllowed);
              }),
              HasSubstr("2 of the 3 ranks on a host see no GPU"));
}

TEST(PrepareDevice, Float32IsIeeeOnGpusUnlessTf32IsAskedFor) {
  at::Context& context = at::globalContext();
  const auto precision_of = [&](at::Float32Op operation) {
    return context.float32Precision(at::Float32Backend::CUDA, operation);
  };
  context.setFloat32Precision(at::Float32Backend::CUDA, at::Float32Op::CONV, at::Float32Precision::TF32);
  context.setSDPUseCuDNN(true);
  prepare_device(c10::Device(c10::kCPU));
  EXPECT_EQ(precision_of(at::Float32Op::CONV), at::Float32Precision::IEEE);
  EXPECT_EQ(precision_of(at::Float32Op::MATMUL), at::Float32Precision::IEEE);
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_FALSE(context.userEnabledCuDNNSDP());
  prepare_device(c10::Device(c10::kCPU), {.deterministic = false});
  EXPECT_FALSE(context.deterministicCuDNN());
  // ATen's profiler asks these for every operator, and they throw where ATen's two notes of the choice differ.
  EXPECT_FALSE(context.allowTF32CuBLAS());
  EXPECT_FALSE(context.allowTF32CuDNN());
  prepare_device(c10::Device(c10::kCPU));
}

TEST(PrepareDevice, ACpuHasNoTf32) {
  EXPECT_THAT(testing::error_of([] { prepare_device(c10::Device(c10::kCPU), {.tf32 = true}); }),
              HasSubstr("train.precision=tf32 needs a GPU"));
}

}  // namespace
}  // namespace samsr
