// Segment Anything, ViT-B, 1024², weights by rule: the encoder, 64 points through the decoder, and an image with
// 32 × 32 points. The share is that of the masks above min_iou, which are enlarged.
//
//   sam_bench --benchmark_filter='whole.*fp32'
//
// Threads: OMP_NUM_THREADS.

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <memory>
#include <opencv2/core.hpp>
#include <optional>

#include "core/rng.h"
#include "segmentation/sam/point_decoder.h"
#include "support/golden.h"

namespace {

constexpr std::int64_t kGrid = 32;
constexpr std::int64_t kBatch = 64;
constexpr int kPicture = 256;

cv::Mat picture() {
  cv::Mat rgb(kPicture, kPicture, CV_8UC3);
  samsr::Rng rng(1, "bench picture");
  for (cv::Vec3b& pixel : cv::Mat_<cv::Vec3b>(rgb)) {
    for (int c = 0; c < 3; ++c) {
      pixel[c] = static_cast<std::uint8_t>(rng.below(256));
    }
  }
  return rgb;
}

/// The centres of kGrid × kGrid cells, row by row.
at::Tensor grid_points() {
  const at::Tensor axis = (torch::arange(kGrid) + 0.5F) * (static_cast<float>(kPicture) / kGrid);
  const std::vector<at::Tensor> axes = torch::meshgrid({axis, axis}, "xy");
  return torch::stack({axes[0].flatten(), axes[1].flatten()}, 1);
}

std::shared_ptr<samsr::SamNetwork> network(at::ScalarType type) {
  const auto made = std::make_shared<samsr::SamNetwork>(samsr::sam_architecture("vit_b"));
  samsr::testing::fill_by_rule(*made, 0);
  made->set_precision(type);
  return made;
}

/// The threshold that the given share of the masks is above; none for all.
std::optional<double> threshold(samsr::SamPointDecoder& decoder, double share) {
  if (share >= 1) {
    return {};
  }
  const at::Tensor iou = decoder.decode(grid_points().slice(0, 0, {}, 16), {}).iou;
  return iou.quantile(1 - share).item<double>();
}

void encoder(benchmark::State& state, at::ScalarType type) {
  samsr::SamPointDecoder decoder(network(type));
  const cv::Mat rgb = picture();
  for (auto _ : state) {
    decoder.set_image(rgb);
  }
}

void decoder_64(benchmark::State& state, at::ScalarType type, double share) {
  samsr::SamPointDecoder decoder(network(type));
  decoder.set_image(picture());
  const std::optional<double> min_iou = threshold(decoder, share);
  const at::Tensor points = grid_points().slice(0, 0, {}, kGrid * kGrid / kBatch).contiguous();
  std::int64_t masks = 0;
  for (auto _ : state) {
    masks = decoder.decode(points, min_iou).point.size(0);
  }
  state.counters["masks"] = static_cast<double>(masks);
}

void whole(benchmark::State& state, at::ScalarType type, double share) {
  samsr::SamPointDecoder decoder(network(type));
  const cv::Mat rgb = picture();
  decoder.set_image(rgb);
  const std::optional<double> min_iou = threshold(decoder, share);
  std::int64_t masks = 0;
  for (auto _ : state) {
    masks = 0;
    decoder.set_image(rgb);
    for (const at::Tensor& points : grid_points().split(kBatch)) {
      masks += decoder.decode(points, min_iou).point.size(0);
    }
  }
  state.counters["masks"] = static_cast<double>(masks);
}

BENCHMARK_CAPTURE(encoder, fp32, at::kFloat)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(encoder, bf16, at::kBFloat16)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(decoder_64, fp32_all, at::kFloat, 1.0)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(decoder_64, fp32_third, at::kFloat, 0.33)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(decoder_64, bf16_all, at::kBFloat16, 1.0)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(decoder_64, bf16_third, at::kBFloat16, 0.33)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(whole, fp32_all, at::kFloat, 1.0)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(whole, fp32_third, at::kFloat, 0.33)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(whole, bf16_all, at::kBFloat16, 1.0)->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(whole, bf16_third, at::kBFloat16, 0.33)->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
