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
#include "segmentation/automatic_masks.h"
#include "segmentation/automatic_masks_fixtures.h"
#include "segmentation/sam/point_decoder.h"
#include "segmentation/sam_fixtures.h"
#include "support/golden.h"

namespace {

struct Result {
  at::Tensor masks;  ///< (M, H, W) bool
  double seconds = 0;
};

Result run(const samsr::testing::Golden& reference, at::ScalarType type) {
  const auto network = samsr::testing::seeded_sam(samsr::testing::architecture_of(reference.config()), reference.salt());
  network->set_precision(type);
  const samsr::AutomaticMaskSettings settings = samsr::testing::automatic_settings(reference.config()["amg"]);
  samsr::SamPointDecoder decoder(network, settings.points_per_batch);
  const cv::Mat image = samsr::testing::as_mat(reference.read("in/image"));

  const auto start = std::chrono::steady_clock::now();
  const std::vector<samsr::AutomaticMask> found =
      samsr::generate_masks({image}, settings, decoder).front();
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

void print(const char* name, const Result& result, const at::Tensor& masks, const at::Tensor& coverage) {
  std::cout << fmt::format("{:<10} {:7.1f} s {:5} masks", name, result.seconds, result.masks.size(0));
  if (result.masks.sizes() == masks.sizes() && masks.numel() > 0) {
    const at::Tensor same = (result.masks == masks).flatten(1);
    std::cout << fmt::format("; of all pixels {:.6f} as published, of the worst mask {:.6f}",
                             same.to(at::kDouble).mean().item<double>(),
                             same.to(at::kDouble).mean(1).min().item<double>());
  }
  std::cout << fmt::format("; coverage IoU {:.5f}\n", coverage_iou(result.masks, coverage));
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
    print("published", published, published.masks, published.masks);
    print("fp32", run(reference, at::kFloat), published.masks, published.masks);
    print("bf16", run(reference, at::kBFloat16), published.masks, published.masks);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
  return 0;
}
