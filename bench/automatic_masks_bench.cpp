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

#include "bench/mask_agreement.h"
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
  result.masks = samsr::bench::stacked(found, image.size());
  return result;
}

void print(const char* name, const Result& result, const at::Tensor& published) {
  std::cout << fmt::format("{:<10} {:7.1f} s {:5} masks; coverage IoU {:.5f}", name, result.seconds,
                           result.masks.size(0), samsr::bench::coverage_iou(result.masks, published));
  if (result.masks.size(0) > 0 && published.size(0) > 0) {
    const at::Tensor iou = samsr::bench::best_iou(published, result.masks);
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
