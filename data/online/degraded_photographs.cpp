#include "data/online/degraded_photographs.h"

#include <fmt/format.h>

#include <mutex>

#include "core/checksum.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "core/parallel.h"
#include "data/build/make_stages.h"
#include "data/build/stages/pair_maker.h"
#include "data/build/stages/pairs_stage.h"
#include "data/build/stages/sample_images.h"
#include "data/photographs/cache.h"
#include "data/photographs/order.h"

namespace samsr {
namespace {

/// Photograph caches, each of which serves one thread: lent to whoever loads, made as they are needed.
class SharedCaches {
 public:
  SharedCaches(const BuildSettings& settings, int threads)
      : settings_(settings),
        bytes_((static_cast<std::size_t>(settings.data.cache_mb) << 20) / static_cast<std::size_t>(threads)) {}

  std::unique_ptr<PhotographCache> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      return std::make_unique<PhotographCache>(settings_.data.images, bytes_, settings_.images);
    }
    auto cache = std::move(idle_.back());
    idle_.pop_back();
    return cache;
  }
  void give_back(std::unique_ptr<PhotographCache> cache) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(cache));
  }

 private:
  const BuildSettings& settings_;
  const std::size_t bytes_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PhotographCache>> idle_;
};

class DegradedPhotographs final : public SampleSet {
 public:
  DegradedPhotographs(const BuildSettings& settings, std::unique_ptr<PhotographIndex> photographs)
      : settings_(settings),
        photographs_(std::move(photographs)),
        order_(photographs_->summary(), settings.data.seed),
        maker_(settings.data, settings.degradation),
        fields_(fresh_fields(settings.data.gt_size, settings.data.scale)) {}

  std::string source() const override { return settings_.data.images.text(); }
  std::uint64_t size() const override { return photographs_->size(); }
  std::vector<std::uint64_t> scales() const override { return settings_.data.all_scales(); }
  const ShardField* find(std::string_view name) const override { return find_field(fields_, name); }
  std::string content() const override { return "[pairs]\n" + pairs_lines(); }
  std::string where(std::uint64_t index) const override { return photograph_of(index).path; }

  std::map<std::string, std::string> checksums(const BatchFields& fields) const override {
    const std::string lines = pairs_lines() + (fields.coverage ? graph_lines(settings_.masks) : "");
    return {{kOnlinePairs, fmt::format("{:08x}", crc32c(lines.data(), lines.size()))}};
  }

  std::vector<std::pair<std::string, std::string>> facts(const BatchFields& fields, std::uint64_t) const override {
    std::vector<std::pair<std::string, std::string>> facts{
        {"data", fmt::format("crops of {} photographs in {}, cut and degraded afresh at every draw "
                             "(data.degrade=online, data.seed={}), fingerprint {}",
                             size(), source(), settings_.data.seed, photographs_->summary().fingerprint)}};
    if (fields.coverage) {
      facts.emplace_back("masks", "the graph segmentation's, of each fresh LR image enlarged (SAMSR Eq. 3)");
    }
    return facts;
  }

  std::unique_ptr<const BatchSource> batches(const LoaderSettings& settings, std::uint64_t seed,
                                             const BatchFields& fields, Log& log, SampleRange range) const override;

  /// The pair at `position`.
  Sample make(std::uint64_t position, PhotographCache& cache) const {
    const Photograph photograph = photograph_of(position);
    return maker_.make(position, settings_.data.scale_at(position), cache.load(photograph), photograph.path);
  }
  const BuildSettings& settings() const { return settings_; }

 private:
  Photograph photograph_of(std::uint64_t position) const { return photographs_->at(order_(position)); }
  std::string pairs_lines() const { return pairs_content(settings_, photographs_->summary()); }

  const BuildSettings settings_;
  const std::unique_ptr<PhotographIndex> photographs_;
  const PhotographOrder order_;
  const PairMaker maker_;
  const std::vector<ShardField> fields_;
};

class PhotographBatches final : public BatchSource {
 public:
  PhotographBatches(const DegradedPhotographs& set, const BatchFields& fields, int threads)
      : set_(set),
        rows_(set.settings(), fields, set.settings().data.gt_size, /*segments=*/true),
        caches_(set.settings(), threads) {}

  std::uint64_t samples() const override { return set_.size(); }

  Batch load(std::uint64_t first, std::int64_t count) const override {
    const OneCore one_core;
    std::unique_ptr<PhotographCache> cache = caches_.take();
    Batch batch = rows_.add_memory({}, count);
    for (std::int64_t row = 0; row < count; ++row) {
      const std::uint64_t position = first + static_cast<std::uint64_t>(row);
      const Sample pair = set_.make(position, *cache);
      rows_.put(batch, row, stored_image(pair, "hr"), stored_image(pair, "lr"));
      batch.sample.push_back(position);
      batch.position.push_back(position);
    }
    caches_.give_back(std::move(cache));
    return batch;
  }

 private:
  const DegradedPhotographs& set_;
  const FreshRows rows_;
  mutable SharedCaches caches_;
};

std::unique_ptr<const BatchSource> DegradedPhotographs::batches(const LoaderSettings& settings, std::uint64_t,
                                                                const BatchFields& fields, Log&,
                                                                SampleRange range) const {
  TORCH_CHECK(range.first == 0 && range.count == size(), "a part of the photographs");
  check_fresh_fields(fields, settings_.data);
  if (fields.coverage) {
    check_graph_masks(settings_, "; of shards (train.shards) it can use the masks of HR images");
  }
  if (!settings.shuffle) {
    throw UserError(
        "data.shuffle=false: photographs that are degraded while training are drawn in the order of `samsr data "
        "build` (data.seed); leave it out");
  }
  return std::make_unique<PhotographBatches>(*this, fields, settings.loader_threads);
}

}  // namespace

std::unique_ptr<const SampleSet> degraded_photographs(const BuildSettings& settings, Communicator& comm, Log& log) {
  settings.data.check();
  for (const PhotographSource& source : settings.data.images) {
    if (is_within(settings.data.out, source.path)) {
      throw UserError(
          "{}: the run's folder lies in that of the photographs ({}), and pictures that the run writes would be taken "
          "for photographs; name a folder elsewhere",
          settings.data.out, source.path);
    }
  }
  BuildSettings endless = settings;
  endless.data.passes = 1;
  return std::make_unique<DegradedPhotographs>(endless, usable_photographs(endless, comm, log));
}

}  // namespace samsr
