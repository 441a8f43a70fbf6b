#include "launch/coverage_counter.h"

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "core/pixels.h"
#include "data/images/image_file.h"
#include "diffusion/coverage.h"
#include "segmentation/mask_source.h"

namespace samsr {

CoverageCounter make_coverage_counter(const MaskSettings& settings, std::int64_t scale, c10::Device device) {
  const std::shared_ptr<MaskSource> source = make_mask_source(settings, device);
  return [source, scale, threshold = settings.pool_threshold](const at::Tensor& images) {
    const at::Tensor bytes = bytes_from_signed(images.cpu());
    std::vector<cv::Mat> pictures;
    for (const at::Tensor& image : bytes.unbind(0)) {
      pictures.push_back(to_mat(image));
    }
    std::vector<at::Tensor> counts;
    for (const at::Tensor& masks : source->masks_of(pictures)) {
      counts.push_back(coverage(pool_masks(masks, scale, threshold)).unsqueeze(0));
    }
    return at::stack(counts);
  };
}

}  // namespace samsr
