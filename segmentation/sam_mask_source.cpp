#include "segmentation/sam_mask_source.h"

#include <ATen/cpu/Utils.h>

#include <algorithm>

#include "core/checksum.h"
#include "models/weights/weight_file.h"
#include "segmentation/automatic/automatic_masks.h"
#include "segmentation/sam/network.h"
#include "segmentation/sam/point_decoder.h"

namespace samsr {
namespace {

/// Whether this processor computes with bf16 itself; where it does not, it is slower than float32.
bool processor_has_bf16() {
  const auto capabilities = at::cpu::get_cpu_capabilities();
  return std::any_of(capabilities.begin(), capabilities.end(), [](const auto& capability) {
    return capability.first.ends_with("bf16") && capability.second.isBool() && capability.second.toBool();
  });
}

std::shared_ptr<SamNetwork> load_network(const MaskSettings& settings, c10::Device device) {
  const bool bf16 = settings.precision == "bf16";
  if (bf16 && device.is_cpu() && !processor_has_bf16()) {
    throw UserError("masks.precision is bf16, but this processor has no bf16 instructions; set masks.precision=fp32");
  }
  return make_sam(read_weights(settings.weights), settings.weights, device, bf16 ? at::kBFloat16 : at::kFloat);
}

class SamMaskSource final : public MaskSource {
 public:
  SamMaskSource(const MaskSettings& settings, c10::Device device)
      : settings_(settings.automatic),
        content_(fmt::format("sam weights: {:08x}\n", file_crc32c(settings.weights))),
        images_at_once_(static_cast<std::size_t>(settings.images_per_batch)),
        decoder_(load_network(settings, device), settings.automatic.points_per_batch, images_at_once_) {}

  std::string content() const override { return content_; }

  std::size_t images_at_once() const override { return images_at_once_; }

  std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) override {
    std::vector<at::Tensor> results;
    for (std::vector<AutomaticMask>& found : generate_masks(images, settings_, decoder_)) {
      std::vector<BitMask> masks;
      for (AutomaticMask& mask : found) {
        masks.push_back(std::move(mask.mask));
      }
      results.push_back(stack_masks(masks, images[results.size()].size()));
    }
    return results;
  }

 private:
  const AutomaticMaskSettings settings_;
  const std::string content_;
  const std::size_t images_at_once_;
  SamPointDecoder decoder_;
};

}  // namespace

std::unique_ptr<MaskSource> make_sam_mask_source(const MaskSettings& settings, c10::Device device) {
  settings.check();
  return std::make_unique<SamMaskSource>(settings, device);
}

}  // namespace samsr
