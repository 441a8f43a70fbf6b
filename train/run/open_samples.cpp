#include "train/run/open_samples.h"

#include "comm/shared_files.h"
#include "core/error.h"
#include "data/online/degraded_photographs.h"
#include "data/online/degraded_shards.h"
#include "data/shards/shard_set.h"

namespace samsr {

std::unique_ptr<const SampleSet> open_shards(const TrainConfig& config, Communicator& communicator, Log& log) {
  const std::string& shards = config.train.shards;
  await_shared_files({shards}, communicator, log);
  const PhotographSources& photographs = config.build.data.images;
  if (!config.loader.online()) {
    return std::make_unique<ShardSet>(required(shards, "train.shards", "the folder that `samsr data build` wrote"));
  }
  if (shards.empty() && photographs.empty()) {
    throw UserError(
        "data.degrade=online: there is nothing to degrade; give photographs, data.images=DIR, or shards whose HR "
        "images "
        "are degraded, train.shards=DIR");
  }
  if (!shards.empty() && !photographs.empty()) {
    throw UserError(
        "data.degrade=online: the HR images of train.shards={}, or the photographs data.images={}? Leave one out: "
        "train.shards= or data.images= (nothing behind it)",
        shards, photographs.text());
  }
  return shards.empty() ? nullptr : degraded_shards(shards, config.build, log);
}

std::unique_ptr<const SampleSet> open_photographs(const TrainConfig& config, Communicator& communicator, Log& log) {
  BuildSettings settings = config.build;
  settings.data.out = config.train.out;
  return degraded_photographs(settings, communicator, log);
}

}  // namespace samsr
