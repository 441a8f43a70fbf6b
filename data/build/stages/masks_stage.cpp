#include "data/build/stages/masks_stage.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/setting_lines.h"
#include "data/build/stages/sample_images.h"
#include "segmentation/automatic/rle.h"
#include "segmentation/coverage_of.h"

namespace samsr {
namespace {

/// Whether a setting decides what the masks are, given their source: the other source's do not, nor do paths (the
/// source tells its weights itself) and how much is computed at once.
bool decides_masks(const std::string& key, const std::string& source) {
  if (key == "data.coverage_hr" || key == "masks.keep" || key == "masks.source" || key == "masks.pool_threshold") {
    return true;
  }
  return key.starts_with("masks.") && key.starts_with("masks.graph_") == (source == "graph") &&
         !key.ends_with("weights") && !key.ends_with("checkpoint") && key != "masks.points_per_batch";
}

std::string content_of(BuildSettings settings, const MaskSource& source) {
  Settings registry;
  settings.bind(registry);
  return setting_lines(registry, [&](const std::string& key) { return decides_masks(key, settings.masks.source); }) +
         source.content();
}

nlohmann::ordered_json as_coco(const at::Tensor& masks) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < masks.size(0); ++i) {
    list.push_back({{"size", {masks.size(1), masks.size(2)}}, {"counts", coco_rle(masks[i].contiguous())}});
  }
  return list;
}

class MasksStage final : public Stage {
 public:
  MasksStage(const BuildSettings& settings, c10::Device device)
      : source_(make_mask_source(settings.masks, device)),
        content_(content_of(settings, *source_)),
        threshold_(settings.masks.pool_threshold),
        of_hr_(settings.data.coverage_hr),
        keep_(settings.data.keep_masks) {
    counts_[kEmptyLr] = 0;
    if (of_hr_) {
      counts_[kEmptyHr] = 0;
    }
  }

  std::string name() const override { return "masks"; }
  std::vector<std::string> needs() const override { return {"hr", "lr"}; }
  std::string content() const override { return content_; }
  std::map<std::string, std::uint64_t> counts() const override { return counts_; }

  std::size_t batch() const override { return source_->images_at_once(); }

  void run(std::uint64_t, std::span<Sample> samples) override {
    const at::NoGradGuard no_grad;
    const int scale = stored_scale(samples.front());
    std::vector<cv::Mat> enlarged;
    std::vector<cv::Mat> hr;
    for (const Sample& sample : samples) {
      hr.push_back(stored_image(sample, "hr"));
      enlarged.push_back(enlarged_for_masks(stored_image(sample, "lr"), scale));
    }
    const std::vector<PictureMasks> of_lr = find(enlarged, scale, kEmptyLr);
    const std::vector<PictureMasks> of_hr = of_hr_ ? find(hr, scale, kEmptyHr) : std::vector<PictureMasks>();
    for (std::size_t i = 0; i < samples.size(); ++i) {
      add_to(samples[i], of_lr[i], of_hr_ ? &of_hr[i] : nullptr);
    }
  }

 private:
  static constexpr const char* kEmptyLr = "low-resolution images without any mask";
  static constexpr const char* kEmptyHr = "high-resolution images without any mask";

  void add_to(Sample& sample, const PictureMasks& lr, const PictureMasks* hr) const {
    sample.fields.emplace_back("coverage", lr.coverage);
    if (hr != nullptr) {
      sample.fields.emplace_back("coverage_hr", hr->coverage);
    }
    if (keep_) {
      nlohmann::ordered_json kept{{"lr", as_coco(lr.masks)}};
      if (hr != nullptr) {
        kept["hr"] = as_coco(hr->masks);
      }
      sample.texts.emplace_back(kMasksField, kept.dump());
    }
  }

  std::vector<PictureMasks> find(const std::vector<cv::Mat>& images, int scale, const char* empty) {
    std::vector<PictureMasks> all = coverage_of(images, scale, *source_, threshold_);
    counts_[empty] += static_cast<std::uint64_t>(
        std::count_if(all.begin(), all.end(), [](const PictureMasks& found) { return found.masks.size(0) == 0; }));
    return all;
  }

  const std::unique_ptr<MaskSource> source_;
  const std::string content_;
  const double threshold_;
  const bool of_hr_;
  const bool keep_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace

std::unique_ptr<Stage> make_masks_stage(const BuildSettings& settings, c10::Device device) {
  return std::make_unique<MasksStage>(settings, device);
}

}  // namespace samsr
