#include "data/build/stages/pairs_stage.h"

#include <set>

#include "core/setting_lines.h"
#include "data/build/stages/pair_maker.h"
#include "data/photographs/cache.h"
#include "data/photographs/order.h"

namespace samsr {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

class PairsStage final : public Stage {
 public:
  PairsStage(const BuildSettings& settings, const PhotographIndex& photographs)
      : content_(pairs_content(settings, photographs.summary())),
        data_(settings.data),
        photographs_(photographs),
        order_(photographs.summary(), settings.data.seed),
        maker_(settings.data, settings.degradation),
        cache_(settings.data.images, static_cast<std::size_t>(settings.data.cache_mb) * kMegabyte, settings.images) {}

  std::string name() const override { return "pairs"; }
  std::string content() const override { return content_; }

  void run(std::uint64_t first, std::span<Sample> samples) override {
    for (Sample& sample : samples) {
      const std::uint64_t index = first++;
      const Photograph photograph = photographs_.at(order_(data_.first_pass_index(index)));
      const bool several = photographs_.summary().sources.size() > 1;
      sample = maker_.make(index, data_.scale_of(index), cache_.load(photograph), photograph.path,
                           several ? std::optional(photograph.source) : std::nullopt);
    }
  }

 private:
  const std::string content_;
  const DataSettings data_;
  const PhotographIndex& photographs_;
  const PhotographOrder order_;
  const PairMaker maker_;
  PhotographCache cache_;
};

}  // namespace

std::string pairs_setting_lines(const BuildSettings& settings) {
  static const std::set<std::string> kElsewhere{"data.images",       "data.out",     "data.passes",
                                                "data.cache_mb",     "data.latents", "data.coverage_hr",
                                                "degradation.preset"};
  BuildSettings copy = settings;
  Settings registry;
  copy.bind(registry);
  // The photographs' fingerprint tells which of them are left out, and shards of before were all made by reflection.
  const bool enlarges = settings.data.small_photographs == kEnlargeSmall;
  return setting_lines(registry, [&](const std::string& key) {
    if (key == "data.small_photographs") {
      return enlarges;
    }
    if (key == "data.scales") {
      return !settings.data.scales.empty();
    }
    if (key == "data.samples") {
      return settings.data.passes > 1;  // it decides where the passes begin; one pass may grow
    }
    return (key.starts_with("data.") || key.starts_with("degradation.")) && !kElsewhere.contains(key);
  });
}

std::string pairs_content(const BuildSettings& settings, const PhotographSummary& photographs) {
  return pairs_setting_lines(settings) + "photographs: " + photographs.fingerprint + "\n" + weights_line(photographs);
}

std::unique_ptr<Stage> make_pairs_stage(const BuildSettings& settings, const PhotographIndex& photographs) {
  return std::make_unique<PairsStage>(settings, photographs);
}

}  // namespace samsr
