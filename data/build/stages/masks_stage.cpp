#include "data/build/stages/masks_stage.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/pixels.h"
#include "core/setting_lines.h"
#include "data/build/stages/sample_images.h"
#include "segmentation/automatic/rle.h"
#include "segmentation/coverage_of.h"
#include "segmentation/latent_picture.h"

namespace samsr {
namespace {

/// Whether a setting decides what the masks are, given their source: the other source's do not, nor do paths (the
/// source tells its weights itself) and how much is computed at once.
bool decides_masks(const std::string& key, const std::string& source) {
  if (key == "data.coverage_hr" || key == "masks.keep" || key == "masks.source" || key == "masks.pool_threshold") {
    return true;
  }
  if (key == "masks.picture" || key == "masks.latent_range" || key == "masks.range_group") {
    return false;  // latent_lines() has them
  }
  return key.starts_with("masks.") && key.starts_with("masks.graph_") == (source == "graph") &&
         !key.ends_with("weights") && !key.ends_with("checkpoint") && key != "masks.points_per_batch";
}

/// What masks of latents depend on beside the latents; empty for those of LR images.
std::string latent_lines(const BuildSettings& settings) {
  if (!settings.masks.of_latents(settings.sam.released())) {
    return {};
  }
  const bool batch = settings.masks.latent_range == "batch";
  return fmt::format("{}masks.latent_range: {}\n{}", kMasksOfLatents, settings.masks.latent_range,
                     batch ? fmt::format("masks.range_group: {}\n", settings.masks.range_group) : "");
}

std::string content_of(BuildSettings settings, const MaskSource& source) {
  Settings registry;
  settings.bind(registry);
  return setting_lines(registry, [&](const std::string& key) { return decides_masks(key, settings.masks.source); }) +
         latent_lines(settings) + source.content();
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
        of_latents_(settings.masks.of_latents(settings.sam.released())),
        range_group_(settings.masks.latent_range == "batch" ? settings.masks.range_group : 1),
        of_hr_(settings.data.coverage_hr),
        keep_(settings.data.keep_masks) {
    if (of_latents_) {
      check_latents_are_pictures(settings.first_stage.latent_channels(), settings.first_stage.latent_factor(),
                                 settings.data.scale);
    }
    counts_[kEmptyLr] = 0;
    if (of_hr_) {
      counts_[kEmptyHr] = 0;
    }
  }

  std::string name() const override { return "masks"; }
  std::vector<std::string> needs() const override {
    return of_latents_ ? std::vector<std::string>{"hr", "lr", "z_lr"} : std::vector<std::string>{"hr", "lr"};
  }
  std::string content() const override { return content_; }
  std::map<std::string, std::uint64_t> counts() const override { return counts_; }

  std::size_t batch() const override {
    return of_latents_ && range_group_ > 1 ? static_cast<std::size_t>(range_group_) : source_->images_at_once();
  }

  void run(std::uint64_t, std::span<Sample> samples) override {
    const at::NoGradGuard no_grad;
    const int scale = stored_scale(samples.front());
    const Pictures pictures = of_latents_ ? latent_pictures(samples) : lr_pictures(samples, scale);
    const std::vector<PictureMasks> of_lr = find(pictures.lr, of_latents_ ? 1 : scale, kEmptyLr);
    const std::vector<PictureMasks> of_hr = of_hr_ ? find(pictures.hr, scale, kEmptyHr) : std::vector<PictureMasks>();
    for (std::size_t i = 0; i < samples.size(); ++i) {
      add_to(samples[i], of_lr[i], of_hr_ ? &of_hr[i] : nullptr);
    }
  }

 private:
  /// What is segmented of some samples, in their order.
  struct Pictures {
    std::vector<cv::Mat> lr;
    std::vector<cv::Mat> hr;
  };

  static constexpr const char* kEmptyLr = "low-resolution images without any mask";
  static constexpr const char* kEmptyHr = "high-resolution images without any mask";

  static Pictures lr_pictures(std::span<Sample> samples, int scale) {
    Pictures pictures;
    for (const Sample& sample : samples) {
      pictures.lr.push_back(enlarged_for_masks(stored_image(sample, "lr"), scale));
      pictures.hr.push_back(stored_image(sample, "hr"));
    }
    return pictures;
  }

  Pictures latent_pictures(std::span<Sample> samples) const {
    std::vector<at::Tensor> latents;
    std::vector<at::Tensor> hr;
    for (const Sample& sample : samples) {
      latents.push_back(sample.field("z_lr").to(at::kFloat));
      hr.push_back(signed_from_bytes(sample.field("hr").permute({2, 0, 1})));
    }
    return {stretched(latents), of_hr_ ? stretched(hr) : std::vector<cv::Mat>()};
  }

  /// Each by its own range, or all by that of all.
  std::vector<cv::Mat> stretched(const std::vector<at::Tensor>& maps) const {
    const ValueRange of_all = value_range(maps);
    std::vector<cv::Mat> pictures;
    for (const at::Tensor& map : maps) {
      pictures.push_back(stretched_to_bytes(map, range_group_ > 1 ? of_all : value_range({map})));
    }
    return pictures;
  }

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
    std::vector<PictureMasks> all;
    for (std::size_t at = 0; at < images.size(); at += source_->images_at_once()) {
      const auto first = images.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end =
          images.begin() + static_cast<std::ptrdiff_t>(std::min(at + source_->images_at_once(), images.size()));
      std::ranges::move(coverage_of({first, end}, scale, *source_, threshold_), std::back_inserter(all));
    }
    counts_[empty] += static_cast<std::uint64_t>(
        std::count_if(all.begin(), all.end(), [](const PictureMasks& found) { return found.masks.size(0) == 0; }));
    return all;
  }

  const std::unique_ptr<MaskSource> source_;
  const std::string content_;
  const double threshold_;
  const bool of_latents_;
  const int range_group_;  ///< latents that are stretched alike
  const bool of_hr_;
  const bool keep_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace

std::unique_ptr<Stage> make_masks_stage(const BuildSettings& settings, c10::Device device) {
  return std::make_unique<MasksStage>(settings, device);
}

}  // namespace samsr
