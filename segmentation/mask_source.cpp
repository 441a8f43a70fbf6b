#include "segmentation/mask_source.h"

#include "segmentation/graph/graph_masks.h"
#include "segmentation/sam_mask_source.h"

namespace samsr {
namespace {

class GraphMaskSource final : public MaskSource {
 public:
  explicit GraphMaskSource(const MaskSettings& settings) : settings_(settings) { settings_.check(); }

  std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) override {
    std::vector<at::Tensor> results;
    for (const cv::Mat& rgb : images) {
      results.push_back(graph_masks(rgb, settings_));
    }
    return results;
  }

 private:
  const MaskSettings settings_;
};

}  // namespace

std::unique_ptr<MaskSource> make_mask_source(const MaskSettings& settings, c10::Device device) {
  if (settings.source == "sam") {
    return make_sam_mask_source(settings, device);
  }
  return std::make_unique<GraphMaskSource>(settings);
}

}  // namespace samsr
