// The kernels of GPUs for windows, run block by block and thread by thread on a CPU, against roll and reshape.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "models/cuda/windows_steps.h"
#include "models/run_phases.h"

namespace samsr {
namespace {

struct WindowedMaps {
  std::int64_t batch, channels, height, width, window, shift;
  at::ScalarType type;
  bool packed;
};

void PrintTo(const WindowedMaps& each, std::ostream* out) {
  *out << each.batch << 'x' << each.channels << 'x' << each.height << 'x' << each.width << ", windows of "
       << each.window << " shifted by " << each.shift << ", " << each.type
       << (each.packed ? "" : ", channel by channel");
}

class WindowsWork : public ::testing::TestWithParam<WindowedMaps> {
 protected:
  WindowsWork() {
    torch::manual_seed(5);
    const WindowedMaps& of = GetParam();
    map_ = torch::randn({of.batch, of.height, of.width, of.channels}).to(of.type);
    other_ = torch::randn_like(map_);
  }

  static at::Tensor by_operators(const at::Tensor& map) {
    const WindowedMaps& of = GetParam();
    return map.roll({-of.shift, -of.shift}, {1, 2})
        .view({of.batch, of.height / of.window, of.window, of.width / of.window, of.window, of.channels})
        .transpose(2, 3)
        .reshape({of.batch, -1, of.window * of.window, of.channels});
  }

  static at::Tensor by_work(cuda::WindowCopy copy, const at::Tensor& from, const at::Tensor& added, bool backwards) {
    const WindowedMaps& of = GetParam();
    const at::Tensor to = torch::full_like(from, NAN);
    const cuda::WindowMaps maps{
        of.batch, of.channels, of.height, of.width, of.window, of.shift, {of.type == at::kBFloat16, of.packed}};
    cuda::copy_windows(maps, copy, from.const_data_ptr(), added.defined() ? added.const_data_ptr() : nullptr,
                       to.mutable_data_ptr(), testing::RunPhases(backwards));
    return to;
  }

  at::Tensor map_, other_;  // (B,H,W,C)
};

TEST_P(WindowsWork, CopiesToWindowsAndBack) {
  const at::Tensor windows = by_operators(map_);
  for (const bool backwards : {false, true}) {
    EXPECT_TRUE(at::equal(by_work(cuda::WindowCopy::kToWindows, map_, {}, backwards).view(windows.sizes()), windows));
    EXPECT_TRUE(at::equal(by_work(cuda::WindowCopy::kToMap, windows, {}, backwards).view(map_.sizes()), map_));
  }
}

TEST_P(WindowsWork, AddsToAMap) {
  const at::Tensor sum = by_work(cuda::WindowCopy::kAddToMap, by_operators(map_), other_, false);
  EXPECT_TRUE(at::equal(sum.view(map_.sizes()), other_ + map_));
}

INSTANTIATE_TEST_SUITE_P(
    Maps, WindowsWork,
    ::testing::Values(
        WindowedMaps{2, 192, 24, 16, 8, 0, at::kBFloat16, true},
        WindowedMaps{2, 192, 24, 16, 8, 4, at::kBFloat16, true}, WindowedMaps{1, 192, 16, 40, 8, 4, at::kFloat, true},
        WindowedMaps{3, 192, 8, 8, 8, 0, at::kBFloat16, true}, WindowedMaps{2, 192, 64, 64, 8, 4, at::kBFloat16, true},
        WindowedMaps{2, 192, 12, 20, 4, 1, at::kBFloat16, true}, WindowedMaps{2, 640, 8, 24, 8, 7, at::kBFloat16, true},
        WindowedMaps{2, 6, 24, 16, 8, 4, at::kBFloat16, false}, WindowedMaps{2, 6, 8, 12, 4, 2, at::kFloat, false},
        WindowedMaps{3, 6, 5, 7, 1, 0, at::kBFloat16, false}, WindowedMaps{2, 192, 5, 7, 1, 0, at::kFloat, true},
        WindowedMaps{1, 8, 1, 1, 1, 0, at::kBFloat16, true}, WindowedMaps{2, 20, 9, 15, 3, 1, at::kFloat, true},
        WindowedMaps{1, 192, 32, 8, 8, 4, at::kBFloat16, false}));

}  // namespace
}  // namespace samsr
