#include "data/online/degraded_shards.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <array>
#include <map>

#include "core/checksum.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/setting_lines.h"
#include "data/shards/content.h"
#include "data/shards/loader.h"
#include "data/shards/shard_set.h"
#include "degradation/pipeline.h"

namespace samsr {
namespace {

constexpr const char* kHrCoverage = "coverage_hr";

/// Lines of the settings that decide how HR images are degraded.
std::string degradation_lines(DegradationSettings settings) {
  Settings registry;
  settings.bind(registry);
  return setting_lines(registry, [](const std::string& key) { return key != "degradation.preset"; });
}

/// (3,H,W) uint8 to CV_8UC3.
cv::Mat interleaved_image(const at::Tensor& planes) {
  std::array<cv::Mat, 3> channels;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const at::Tensor plane = planes[static_cast<std::int64_t>(i)];
    channels[i] =
        cv::Mat(static_cast<int>(plane.size(0)), static_cast<int>(plane.size(1)), CV_8UC1, plane.mutable_data_ptr());
  }
  cv::Mat image;
  cv::merge(channels.data(), channels.size(), image);
  return image;
}

class DegradedShards final : public SampleSet {
 public:
  DegradedShards(const std::filesystem::path& folder, BuildSettings settings, Log& log)
      : stored_(folder), settings_(std::move(settings)) {
    const ShardField* hr = stored_.find("hr");
    for (const std::uint64_t scale : scales()) {
      if (hr == nullptr || hr->shape[0] != hr->shape[1] || hr->shape[0] % static_cast<std::int64_t>(scale) != 0) {
        throw UserError(
            "{}: data.degrade=online needs square HR images, with sides that are multiples of data.scale={}, "
            "which the shards have not; build them with `samsr data build`",
            source(), scale);
      }
    }
    side_ = hr->shape[0];
    fields_ = fresh_fields(side_, settings_.data.scale);
    const StageContents contents = split_content(stored_.content());
    const std::string ours = degradation_lines(settings_.degradation);
    const auto pairs = contents.find("pairs");
    const std::string theirs = pairs == contents.end() ? std::string() : lines_with_keys_of(pairs->second, ours);
    const std::string compared = lines_with_keys_of(ours, theirs);
    if (parse_setting_lines(theirs) != parse_setting_lines(compared)) {
      log.info("degradation  of this run, which is not that of the pairs in {}: {}", source(),
               first_difference(theirs, compared));
    }
    hr_ = settings_.degradation;
    if (parse_setting_lines(theirs)["degradation.use_sharp"] == "true") {
      hr_.use_sharp = "true";
      settings_.degradation.use_sharp = "false";  // the stored images are sharpened already
    }
  }

  std::string source() const override { return stored_.source(); }
  std::uint64_t size() const override { return stored_.size(); }
  std::vector<std::uint64_t> scales() const override { return settings_.data.all_scales(); }
  const ShardField* find(std::string_view name) const override { return find_field(fields_, name); }
  std::string content() const override { return "[pairs]\n" + lines_of(hr_); }
  std::string where(std::uint64_t index) const override { return stored_.where(index); }

  std::map<std::string, std::string> checksums(const BatchFields& fields) const override {
    auto checksums = stored_.checksums(stored_fields(fields));
    const std::string lines = fresh_lines() + (fields.coverage ? graph_lines(settings_.masks) : "");
    checksums[kOnlinePairs] = fmt::format("{:08x}", crc32c(lines.data(), lines.size()));
    return checksums;
  }

  std::vector<std::pair<std::string, std::string>> facts(const BatchFields& fields,
                                                         std::uint64_t count) const override {
    auto facts = stored_.facts(fields, count);
    facts.front().second += fmt::format(
        "; their HR images are degraded afresh at every draw (data.degrade=online, "
        "data.seed={})",
        settings_.data.seed);
    if (fields.coverage) {
      facts.emplace_back("masks", uses_hr_masks()
                                      ? "Segment Anything's of the stored HR images (coverage_hr), not of the fresh LR "
                                        "images as SAMSR Eq. 3 has it"
                                      : "the graph segmentation's, of each fresh LR image enlarged (SAMSR Eq. 3)");
    }
    return facts;
  }

  std::unique_ptr<const BatchSource> batches(const LoaderSettings& settings, std::uint64_t seed,
                                             const BatchFields& fields, Log& log, SampleRange range) const override;

  const BuildSettings& settings() const { return settings_; }
  std::int64_t side() const { return side_; }
  bool uses_hr_masks() const { return settings_.masks.source == "sam"; }
  /// What batches of the stored samples carry, for fresh ones of `fields`.
  BatchFields stored_fields(const BatchFields& fields) const {
    return {.latents = false,
            .hr = true,
            .coverage_hr = fields.coverage && uses_hr_masks(),
            .pinned = fields.pinned,
            .lq = false,
            .coverage = false};
  }

 private:
  /// What fresh LR images depend on beside the HR images.
  std::string fresh_lines() const {
    const bool several = scales().size() > 1;
    return lines_of(settings_.degradation) +
           (several ? fmt::format("data.scales: [{}]\n", fmt::join(settings_.data.scales, ", ")) : "");
  }

  std::string lines_of(const DegradationSettings& degradation) const {
    return degradation_lines(degradation) + fmt::format("data.seed: {}\n", settings_.data.seed);
  }

  void check_hr_masks() const {
    const StageContents contents = split_content(stored_.content());
    const auto masks = contents.find("masks");
    const bool of_sam = !settings_.masks.of_latents(settings_.sam.released()) && masks != contents.end() &&
                        stored_.find(kHrCoverage) != nullptr &&
                        parse_setting_lines(masks->second)["masks.source"] == "sam" &&
                        masks->second.find(kMasksOfLatents) == std::string::npos;
    if (!of_sam) {
      check_graph_masks(settings_, fmt::format(", and {} has no coverage_hr of its masks to use instead (`samsr data "
                                               "build --stage masks masks.source=sam data.coverage_hr=true` makes it)",
                                               source()));
    }
  }

  const ShardSet stored_;
  BuildSettings settings_;
  DegradationSettings hr_;  ///< the settings', with the sharpening of the stored HR images
  std::int64_t side_ = 0;
  std::vector<ShardField> fields_;
};

class DegradedBatches final : public BatchSource {
 public:
  DegradedBatches(const DegradedShards& set, std::unique_ptr<const BatchSource> stored, const BatchFields& fields)
      : settings_(set.settings()),
        stored_(std::move(stored)),
        side_(set.side()),
        rows_(settings_, fields, side_, /*segments=*/!set.uses_hr_masks()) {
    for (const std::uint64_t scale : set.scales()) {
      const auto factor = static_cast<int>(scale);
      pipelines_.emplace(factor, DegradationPipeline(settings_.degradation, factor));
    }
  }

  std::uint64_t samples() const override { return stored_->samples(); }

  Batch load(std::uint64_t first, std::int64_t count) const override {
    const OneCore one_core;
    Batch batch = stored_->load(first, count);
    const at::Tensor images = std::exchange(batch.hr, at::Tensor());
    batch.coverage = std::exchange(batch.coverage_hr, at::Tensor());
    batch = rows_.add_memory(std::move(batch), count);
    for (std::int64_t row = 0; row < count; ++row) {
      const std::uint64_t position = batch.position[static_cast<std::size_t>(row)];
      const std::uint64_t seed = derive_seed(settings_.data.seed, "online degradation", {position});
      const DegradedPair pair = pipelines_.at(settings_.data.scale_at(position))
                                    .degrade(interleaved_image(images[row]), static_cast<int>(side_), seed);
      rows_.put(batch, row, pair.hr, pair.lr);
    }
    return batch;
  }

 private:
  const BuildSettings& settings_;
  const std::unique_ptr<const BatchSource> stored_;
  const std::int64_t side_;
  std::map<int, DegradationPipeline> pipelines_;  ///< by the factor
  const FreshRows rows_;
};

std::unique_ptr<const BatchSource> DegradedShards::batches(const LoaderSettings& settings, std::uint64_t seed,
                                                           const BatchFields& fields, Log& log,
                                                           SampleRange range) const {
  check_fresh_fields(fields, settings_.data);
  if (fields.coverage) {
    check_hr_masks();
  }
  return std::make_unique<DegradedBatches>(*this, stored_.batches(settings, seed, stored_fields(fields), log, range),
                                           fields);
}

}  // namespace

std::unique_ptr<const SampleSet> degraded_shards(const std::filesystem::path& folder, const BuildSettings& settings,
                                                 Log& log) {
  return std::make_unique<DegradedShards>(folder, settings, log);
}

}  // namespace samsr
