#include "core/kernels.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdlib>
#include <string>

namespace samsr {
namespace {

TEST(Kernels, ThoseOfCpusAreForCpusUnlessTheEnvironmentSaysPlain) {
  const char* const set = std::getenv("SAMSR_PLAIN");
  EXPECT_EQ(cpu_kernels(torch::zeros({1})), set == nullptr || std::string(set) != "1");
  EXPECT_FALSE(cpu_kernels(torch::zeros({1}, torch::kMeta)));
}

TEST(Kernels, ThoseOfGpusAreNotForWhatLiesElsewhere) {
  EXPECT_FALSE(gpu_kernels(torch::zeros({1})));
  EXPECT_FALSE(gpu_kernels(torch::zeros({1}, torch::kMeta)));
}

TEST(Kernels, AttentionIsNotCudnns) {
  choose_attention_kernels();
  EXPECT_FALSE(at::globalContext().userEnabledCuDNNSDP());
}

}  // namespace
}  // namespace samsr
