#pragma once

#include <functional>

#include "data/build/shard_plan.h"
#include "data/build/stage_plan.h"

namespace samsr {

/// Makes shards, or adds to those that exist, on one rank. The new shard is written beside the old one: fields of
/// stages that stay are copied, those of the others computed, all in one pass over the samples. A shard's bytes
/// depend on its stages' contents alone, not on how many runs it took to make them.
class ShardBuilder {
 public:
  /// `data`: of shards whose pairs are made now. Both must outlive the builder.
  ShardBuilder(const StageList& stages, const DataSettings& data) : stages_(stages), data_(data) {}

  /// Writes one shard; calls `made(n)` after every n samples. UserError when what is stored is damaged or the disk is
  /// full; the old shard stays then.
  Shard build(const PlannedShard& planned, const std::function<void(std::uint64_t)>& made) const;

 private:
  ShardHeader header_for(const PlannedShard& planned, const StagePlan& plan, const Shard* stored) const;

  const StageList& stages_;
  const DataSettings& data_;
};

}  // namespace samsr
