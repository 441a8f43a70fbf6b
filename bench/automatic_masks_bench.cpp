// Automatic masks of Segment Anything, ViT-B, 1024², against the published Python code on the same picture with the
// same weights by rule: seconds, and how far the masks agree.
//
//   python bench/automatic_masks_reference.py PHOTOGRAPH REFERENCE.h5 OPTIONS
//   automatic_masks_bench REFERENCE.h5
//
// Threads: OMP_NUM_THREADS.

#include <torch/torch.h>

#include <chrono>
#include <iostream>

#include "core/error.h"
#include "segmentation/automatic/automatic_masks.h"
#include "segmentation/automatic_masks_fixtures.h"
#include "segmentation/sam/point_decoder.h"
#include "segmentation/sam_fixtures.h"
#include "support/golden.h"
#include "support/pictures.h"

namespace {

struct Result {
  at::Tensor masks;  ///< (M, H, W) bool
  double seconds = 0;
};

Result run(const samsr::testing::Golden& reference, at::ScalarType type) {
  const auto network =
      samsr::testing::seeded_sam(samsr::testing::architecture_of(reference.config()), reference.salt());
  network->set_precision(type);
  const samsr::AutomaticMaskSettings settings = samsr::testing::automatic_settings(reference.config()["amg"]);
  samsr::SamPointDecoder decoder(network, settings.points_per_batch);
  const cv::Mat image = samsr::testing::picture_of(reference.read("in/image"));

  const auto start = std::chrono::steady_clock::now();
  const std::vector<samsr::AutomaticMask> found = samsr::generate_masks({image}, settings, decoder).front();
  Result result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::vector<samsr::BitMask> bits;
  for (const samsr::AutomaticMask& mask : found) {
    bits.push_back(mask.mask);
  }
  result.masks = samsr::stack_masks(bits, image.size()).to(at::kBool);
  return result;
}

/// Share of the pixels covered by either that are covered as often by both: Σ min(C, C') / Σ max(C, C').
double coverage_iou(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor first = a.sum(0);
  const at::Tensor second = b.sum(0);
  return at::minimum(first, second).sum().item<double>() / at::maximum(first, second).sum().item<double>();
}

/// IoU of each mask of `published` with the one of `ours` that is most like it: masks whose scores are equal but for
/// rounding change places.
at::Tensor best_iou(const at::Tensor& published, const at::Tensor& ours) {
  const at::Tensor a = published.flatten(1).to(at::kFloat);
  const at::Tensor b = ours.flatten(1).to(at::kFloat);
  const at::Tensor both = at::matmul(a, b.t());
  return std::get<0>((both / (a.sum(1, true) + b.sum(1) - both)).max(1));
}

void print(const char* name, const Result& result, const at::Tensor& published) {
  std::cout << fmt::format("{:<10} {:7.1f} s {:5} masks; coverage IoU {:.5f}", name, result.seconds,
                           result.masks.size(0), coverage_iou(result.masks, published));
  if (result.masks.size(0) > 0 && published.size(0) > 0) {
    const at::Tensor iou = best_iou(published, result.masks);
    std::cout << fmt::format("; IoU of a mask with the nearest: mean {:.5f}, worst {:.5f}", iou.mean().item<double>(),
                             iou.min().item<double>());
  }
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: automatic_masks_bench REFERENCE.h5 (see automatic_masks_reference.py)\n";
    return 2;
  }
  try {
    const samsr::testing::Golden reference(argv[1]);
    const Result published{reference.read("out/masks").to(at::kBool), reference.read("out/seconds").item<double>()};
    print("published", published, published.masks);
    print("fp32", run(reference, at::kFloat), published.masks);
    print("bf16", run(reference, at::kBFloat16), published.masks);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
