// Pairs per second of the degradation, and its stages, on one core.
//   degradation_bench [--benchmark_filter=…]      SAMSR_BENCH_IMAGE=photo.png for a photograph of yours
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/rng.h"
#include "data/images/image_file.h"
#include "degradation/convert.h"
#include "degradation/filter.h"
#include "degradation/jpeg.h"
#include "degradation/kernels.h"
#include "degradation/noise.h"
#include "degradation/pipeline.h"
#include "degradation/resize.h"
#include "degradation/sharpen.h"

namespace samsr {
namespace {

constexpr int kCropPad = 300;
constexpr int kGroundTruth = 256;

/// The middle of the photograph SAMSR_BENCH_IMAGE names, else a made picture; CV_8UC3 RGB 300 × 300.
cv::Mat load_picture() {
  if (const char* path = std::getenv("SAMSR_BENCH_IMAGE"); path != nullptr) {
    const cv::Mat photo = read_image(path).rgb;
    if (photo.rows < kCropPad || photo.cols < kCropPad) {
      throw UserError("SAMSR_BENCH_IMAGE={}: not a picture of at least {} pixels a side", path, kCropPad);
    }
    return photo(cv::Rect((photo.cols - kCropPad) / 2, (photo.rows - kCropPad) / 2, kCropPad, kCropPad)).clone();
  }
  Rng rng(1, "bench picture");
  cv::Mat picture(kCropPad, kCropPad, CV_8UC3);
  for (int y = 0; y < kCropPad; ++y) {
    for (int x = 0; x < kCropPad; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uchar>(
            128 + 70 * std::sin(0.03 * x * (c + 1)) * std::cos(0.05 * y) + 30 * (x / 20 % 2) + 8 * rng.normal());
      }
    }
  }
  return picture;
}

const cv::Mat& picture() {
  static const cv::Mat loaded = load_picture();
  return loaded;
}

const cv::Mat& unit_picture() {
  static const cv::Mat image = to_unit(picture());
  return image;
}

void full_recipe(benchmark::State& state) {
  const DegradationPipeline pipeline({}, 4);
  std::uint64_t seed = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(pipeline.degrade(picture(), kGroundTruth, seed++));
  }
  state.SetItemsProcessed(state.iterations());
}
// The cost differs from pair to pair: enough of them for the mean.
BENCHMARK(full_recipe)->Iterations(1000)->Unit(benchmark::kMillisecond);

void blur(benchmark::State& state, const KernelSpec& spec) {
  const cv::Mat kernel = make_kernel(spec);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter_image(unit_picture(), kernel));
  }
}
BENCHMARK_CAPTURE(blur, iso_21, KernelSpec{.kind = "iso", .size = 21, .sigma_x = 3})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(blur, plateau_iso_21, KernelSpec{.kind = "plateau_iso", .size = 21, .sigma_x = 1.5, .beta = 1.5})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(blur, aniso_21, KernelSpec{.kind = "aniso", .size = 21, .sigma_x = 3, .sigma_y = 1, .theta = 0.7})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(blur, aniso_13, KernelSpec{.kind = "aniso", .size = 13, .sigma_x = 3, .sigma_y = 0.5, .theta = 0.7})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(blur, sinc_21, KernelSpec{.kind = "sinc", .size = 21, .cutoff = 2})->Unit(benchmark::kMillisecond);

void blur_direct(benchmark::State& state) {
  const cv::Mat kernel = make_kernel({.kind = "sinc", .size = static_cast<int>(state.range(0)), .cutoff = 2});
  for (auto _ : state) {
    benchmark::DoNotOptimize(filter_direct(unit_picture(), kernel));
  }
}
BENCHMARK(blur_direct)->Arg(7)->Arg(15)->Arg(21)->Unit(benchmark::kMillisecond);

void kernel(benchmark::State& state, const char* kind) {
  const KernelSpec spec{.kind = kind, .size = 21, .sigma_x = 2, .sigma_y = 1, .theta = 1, .beta = 1.5, .cutoff = 2};
  for (auto _ : state) {
    benchmark::DoNotOptimize(separate(make_kernel(spec)));
  }
}
BENCHMARK_CAPTURE(kernel, aniso, "aniso")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(kernel, sinc, "sinc")->Unit(benchmark::kMillisecond);

void resize(benchmark::State& state) {
  const auto mode = static_cast<ResizeMode>(state.range(0));
  const double factor = static_cast<double>(state.range(1)) / 100;
  for (auto _ : state) {
    benchmark::DoNotOptimize(resize_by(unit_picture(), factor, mode));
  }
}
BENCHMARK(resize)->ArgNames({"mode", "percent"})->ArgsProduct({{0, 1, 2}, {30, 140}})->Unit(benchmark::kMillisecond);

void gaussian_noise(benchmark::State& state) {
  Rng rng(1);
  for (auto _ : state) {
    cv::Mat image = unit_picture().clone();
    add_gaussian_noise(image, 10, state.range(0) != 0, rng);
  }
}
BENCHMARK(gaussian_noise)->ArgName("grey")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void poisson_noise(benchmark::State& state) {
  Rng rng(1);
  const PoissonNoise poisson;
  for (auto _ : state) {
    cv::Mat image = unit_picture().clone();
    poisson.add(image, 1, state.range(0) != 0, rng);
  }
}
BENCHMARK(poisson_noise)->ArgName("grey")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void jpeg(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(through_jpeg(unit_picture(), static_cast<int>(state.range(0))));
  }
}
BENCHMARK(jpeg)->ArgName("quality")->Arg(30)->Arg(95)->Unit(benchmark::kMillisecond);

void sharpening(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(unsharp_mask(unit_picture(), 50, 0.5, 10));
  }
}
BENCHMARK(sharpening)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace samsr

int main(int argc, char** argv) {
  cv::setNumThreads(1);
  benchmark::Initialize(&argc, argv);
  try {
    benchmark::RunSpecifiedBenchmarks();
  } catch (const samsr::UserError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
