// Automatic masks of Segment Anything, ViT-B, 1024², weights by rule, on any device: photographs a second, and where
// the time goes: the encoder with the preparation of the photographs, the decoder with its masks of 256², and the rest:
// masks of the photograph's size, their choice, and the copy to the host.
//
//   sam_device_bench --device cuda --precision bf16 --photographs 16 --compare-cpu --json
//   SAMSR_PLAIN=1 sam_device_bench --photographs 1 --points-per-side 8      the same code without a GPU
//
// Masks of such weights are noise. To have as much to do as with those of the release, a third of them passes the
// predicted IoU and --masks of these the stability; both thresholds are found first, and printed. Boxes suppress none:
// those of noise are all alike. --compare-cpu computes one photograph on the CPU in fp32 too, of 8 × 8 points.

#include <ATen/DeviceAccelerator.h>
#include <torch/csrc/autograd/profiler_kineto.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "bench/mask_agreement.h"
#include "comm/device.h"
#include "core/error.h"
#include "segmentation/automatic/automatic_masks.h"
#include "segmentation/automatic/crop_layout.h"
#include "segmentation/sam/point_decoder.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kShareAboveIou = 1.0 / 3;
constexpr int kComparedPointsPerSide = 8;

struct Options {
  std::string device = "cpu";
  std::string precision = "fp32";
  int photographs = 8;
  int points_per_side = 32;
  int points_per_batch = 256;
  int images_per_batch = 8;
  int width = 1024;
  int height = 768;
  int masks = 100;
  int threads = 0;
  std::string trace;
  bool compare_cpu = false;
  bool json = false;

  c10::Device place() const { return device == "cuda" ? c10::Device(c10::kCUDA, 0) : c10::Device(c10::kCPU); }
};

std::shared_ptr<samsr::SamNetwork> network_on(c10::Device device, const std::string& precision) {
  const auto network = std::make_shared<samsr::SamNetwork>(samsr::sam_architecture("vit_b"));
  samsr::testing::fill_by_rule(*network, 0);
  {  // predicted IoU above 0, where a threshold can be set
    const torch::NoGradGuard no_grad;
    network->named_parameters()["mask_decoder.iou_prediction_head.layers.2.bias"].add_(1);
  }
  network->to(device);
  network->set_precision(precision == "bf16" ? at::kBFloat16 : at::kFloat);
  return network;
}

void wait_for(c10::Device device) {
  if (!device.is_cpu()) {
    at::accelerator::synchronizeDevice(device.index());
  }
}

double seconds_of(c10::Device device, const std::function<void()>& work) {
  wait_for(device);
  const auto start = Clock::now();
  work();
  wait_for(device);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

at::Tensor points_of(int per_side, cv::Size size) {
  std::vector<float> coordinates;
  for (const cv::Point2d& point : samsr::point_grid(per_side)) {
    coordinates.push_back(static_cast<float>(point.x * size.width));
    coordinates.push_back(static_cast<float>(point.y * size.height));
  }
  return at::tensor(coordinates, at::kFloat).view({-1, 2});
}

/// The value that a share of the others is above, between two of them.
double threshold_of(const at::Tensor& values, double share) {
  return values.to(at::kDouble).quantile(std::clamp(1 - share, 0.0, 1.0)).item<double>();
}

/// Settings under which a third of a photograph's masks pass the predicted IoU, and `masks` of these the stability; all
/// of them for 0.
samsr::AutomaticMaskSettings settings_for(const cv::Mat& photograph, int points_per_side, int masks,
                                          const Options& options, samsr::SamPointDecoder& decoder) {
  samsr::AutomaticMaskSettings settings;
  settings.points_per_side = points_per_side;
  settings.points_per_batch = options.points_per_batch;
  settings.box_nms_thresh = 1;
  settings.stability_score_thresh = 0;
  decoder.set_image(photograph);
  const at::Tensor iou = decoder.decode(points_of(kComparedPointsPerSide, photograph.size()), {}).iou;
  settings.pred_iou_thresh = std::max(threshold_of(iou, kShareAboveIou), 1e-6);
  if (masks > 0) {
    std::vector<float> stability;
    const auto all = samsr::generate_masks({photograph}, settings, decoder);
    for (const samsr::AutomaticMask& mask : all.front()) {
      stability.push_back(mask.stability_score);
    }
    const auto found = static_cast<double>(stability.size());
    settings.stability_score_thresh = threshold_of(at::tensor(stability), std::min(1.0, masks / std::max(1.0, found)));
  }
  return settings;
}

struct Timing {
  double photographs_s = 0;
  double masks = 0;  ///< a photograph
  double encoder_ms = 0;
  double decoder_ms = 0;
  double rest_ms = 0;
};

Timing timed(const std::vector<cv::Mat>& photographs, const samsr::AutomaticMaskSettings& settings,
             const Options& options, samsr::SamPointDecoder& decoder) {
  const c10::Device device = options.place();
  const auto at_once = static_cast<std::size_t>(options.images_per_batch);
  const auto count = static_cast<double>(photographs.size());
  const std::vector<cv::Mat> some(
      photographs.begin(), photographs.begin() + static_cast<std::ptrdiff_t>(std::min(at_once, photographs.size())));
  if (!device.is_cpu()) {  // memory and kernels of these sizes
    samsr::generate_masks(some, settings, decoder);
  }
  Timing timing;
  const double whole = seconds_of(device, [&] {
    for (std::size_t first = 0; first < photographs.size(); first += at_once) {
      const auto begin = photographs.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = begin + static_cast<std::ptrdiff_t>(std::min(at_once, photographs.size() - first));
      for (const auto& found : samsr::generate_masks({begin, end}, settings, decoder)) {
        timing.masks += static_cast<double>(found.size()) / count;
      }
    }
  });
  timing.photographs_s = count / whole;
  const auto per_photograph_ms = [&](double seconds) { return 1000 * seconds / static_cast<double>(some.size()); };
  timing.encoder_ms = per_photograph_ms(seconds_of(device, [&] { decoder.set_images(some); }));
  timing.decoder_ms = per_photograph_ms(seconds_of(device, [&] {
    for (std::size_t i = 0; i < some.size(); ++i) {
      for (const at::Tensor& points :
           points_of(options.points_per_side, some[i].size()).split(options.points_per_batch)) {
        decoder.decode_in(i, points, settings.pred_iou_thresh);
      }
    }
  }));
  timing.rest_ms = 1000 * whole / count - timing.encoder_ms - timing.decoder_ms;
  return timing;
}

void print(const Timing& timing, const samsr::AutomaticMaskSettings& settings, const Options& options) {
  if (options.json) {
    std::cout << fmt::format(
        "{{\"what\":\"automatic masks ViT-B\",\"device\":\"{}\",\"precision\":\"{}\",\"photographs_s\":{:.3f},"
        "\"masks\":{:.1f},\"encoder_ms\":{:.2f},\"decoder_ms\":{:.2f},\"rest_ms\":{:.2f},\"points\":{},"
        "\"points_per_batch\":{},\"images_per_batch\":{},\"size\":\"{}x{}\",\"pred_iou_thresh\":{:.5f},"
        "\"stability_score_thresh\":{:.5f}}}\n",
        options.device, options.precision, timing.photographs_s, timing.masks, timing.encoder_ms, timing.decoder_ms,
        timing.rest_ms, options.points_per_side * options.points_per_side, options.points_per_batch,
        options.images_per_batch, options.width, options.height, settings.pred_iou_thresh,
        settings.stability_score_thresh);
  } else {
    std::cout << fmt::format(
        "{} {}: {:.2f} photographs/s of {}x{}, {} points, {:.0f} masks; encoder {:.1f}, decoder {:.1f}, rest {:.1f} "
        "ms; "
        "pred_iou_thresh {:.5f}, stability_score_thresh {:.5f}\n",
        options.device, options.precision, timing.photographs_s, options.width, options.height,
        options.points_per_side * options.points_per_side, timing.masks, timing.encoder_ms, timing.decoder_ms,
        timing.rest_ms, settings.pred_iou_thresh, settings.stability_score_thresh);
  }
  std::cout.flush();
}

/// Writes what the host and the device do for one photograph as a Chrome trace (ui.perfetto.dev).
void trace(const cv::Mat& photograph, const samsr::AutomaticMaskSettings& settings, const Options& options,
           samsr::SamPointDecoder& decoder) {
  using torch::profiler::impl::ActivityType;
  const torch::profiler::impl::ProfilerConfig kineto(torch::profiler::impl::ProfilerState::KINETO);
  std::set<ActivityType> activities{ActivityType::CPU};
  if (!options.place().is_cpu()) {
    activities.insert(ActivityType::CUDA);
  }
  torch::autograd::profiler::prepareProfiler(kineto, activities);
  torch::autograd::profiler::enableProfiler(kineto, activities);
  samsr::generate_masks({photograph}, settings, decoder);
  wait_for(options.place());
  torch::autograd::profiler::disableProfiler()->save(options.trace);
}

void compare_with_cpu(const cv::Mat& photograph, const Options& options, samsr::SamPointDecoder& decoder) {
  samsr::SamPointDecoder on_cpu(network_on(c10::kCPU, "fp32"), options.points_per_batch);
  const samsr::AutomaticMaskSettings settings = settings_for(photograph, kComparedPointsPerSide, 0, options, on_cpu);
  const auto masks_by = [&](samsr::SamPointDecoder& each) {
    return samsr::bench::stacked(samsr::generate_masks({photograph}, settings, each).front(), photograph.size());
  };
  const at::Tensor expected = masks_by(on_cpu);
  const at::Tensor found = masks_by(decoder);
  const at::Tensor nearest =
      expected.size(0) > 0 && found.size(0) > 0 ? samsr::bench::best_iou(expected, found) : at::zeros({1}, at::kFloat);
  const double coverage = samsr::bench::coverage_iou(expected, found);
  const auto mean = nearest.mean().item<double>();
  const auto least = nearest.min().item<double>();
  if (options.json) {
    std::cout << fmt::format(
        "{{\"what\":\"automatic masks ViT-B against the CPU's\",\"device\":\"{}\",\"precision\":\"{}\","
        "\"coverage_iou\":{:.6f},\"mask_iou_mean\":{:.6f},\"mask_iou_least\":{:.6f},\"masks\":{},\"cpu_masks\":{}}}\n",
        options.device, options.precision, coverage, mean, least, found.size(0), expected.size(0));
  } else {
    std::cout << fmt::format(
        "{} {} against the CPU's fp32: coverage IoU {:.6f}; IoU of a mask with the nearest: mean {:.6f}, least {:.6f}; "
        "{} masks, of the CPU {}\n",
        options.device, options.precision, coverage, mean, least, found.size(0), expected.size(0));
  }
  std::cout.flush();
}

void run(const Options& options) {
  if (options.device == "cuda" && !torch::cuda::is_available()) {
    throw samsr::UserError("--device cuda, but this process sees no GPU");
  }
  samsr::prepare_device(options.place());
  const torch::NoGradGuard no_grad;
  std::vector<cv::Mat> photographs;
  for (int i = 0; i < options.photographs; ++i) {
    photographs.push_back(
        samsr::testing::textured_picture(options.height, options.width, static_cast<std::uint64_t>(i) + 1));
  }
  samsr::SamPointDecoder decoder(network_on(options.place(), options.precision), options.points_per_batch,
                                 static_cast<std::size_t>(options.images_per_batch));
  const samsr::AutomaticMaskSettings settings =
      settings_for(photographs.front(), options.points_per_side, options.masks, options, decoder);
  print(timed(photographs, settings, options, decoder), settings, options);
  if (!options.trace.empty()) {
    trace(photographs.front(), settings, options, decoder);
  }
  if (options.compare_cpu) {
    compare_with_cpu(photographs.front(), options, decoder);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("times automatic masks of Segment Anything, ViT-B");
  app.add_option("--device", options.device)->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--precision", options.precision)->check(CLI::IsMember({"fp32", "bf16"}));
  app.add_option("--photographs", options.photographs)->check(CLI::PositiveNumber);
  app.add_option("--points-per-side", options.points_per_side)->check(CLI::PositiveNumber);
  app.add_option("--points-per-batch", options.points_per_batch, "answered at once")->check(CLI::PositiveNumber);
  app.add_option("--images-per-batch", options.images_per_batch, "encoded at once")->check(CLI::PositiveNumber);
  app.add_option("--width", options.width, "of the photographs, pixels")->check(CLI::Range(64, 8192));
  app.add_option("--height", options.height)->check(CLI::Range(64, 8192));
  app.add_option("--masks", options.masks, "of a photograph that are kept")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "of the host; 0 for as many as there are cores")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--trace", options.trace, "file for a Chrome trace of one photograph");
  app.add_flag("--compare-cpu", options.compare_cpu, "compares one photograph's masks with the CPU's");
  app.add_flag("--json", options.json, "prints lines of JSON");
  CLI11_PARSE(app, argc, argv);
  if (options.threads > 0) {
    at::set_num_threads(options.threads);
  }
  try {
    run(options);
  } catch (const samsr::UserError& error) {
    std::cerr << "sam_device_bench: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
