#pragma once
// What sets of pairs that are degraded while training have in common (data.degrade=online).

#include <ATen/core/Tensor.h>

#include <memory>
#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "data/build/settings.h"
#include "data/build/single_threaded.h"
#include "data/shards/buffer_pool.h"
#include "data/shards/sample_set.h"
#include "data/shards/shard.h"

namespace samsr {

/// The name of fresh pairs among SampleSet::checksums(), which no dataset of shards has.
inline constexpr const char* kOnlinePairs = "online pairs";

/// hr, lr and coverage of fresh pairs with `side` pixels in HR.
std::vector<ShardField> fresh_fields(std::int64_t side, std::int64_t scale);

/// Null when no field has the name.
const ShardField* find_field(std::span<const ShardField> fields, std::string_view name);

/// "key: value" lines of the settings of the graph segmentation, which finds the masks of fresh pairs.
std::string graph_lines(const MaskSettings& settings);

/// UserError where batches of `fields` would carry what no thread can make of a fresh pair: the teacher's rollouts, the
/// coverage of HR images; of several scales any coverage, which fits into no batch.
void check_fresh_fields(const BatchFields& fields, const DataSettings& data);

/// UserError where the coverage is to be that of the graph segmentation's masks, but the settings have other masks, for
/// the reason `sam`.
void check_graph_masks(const BuildSettings& settings, const std::string& sam);

/// Makes rows of batches of fresh pairs. Safe to use from several threads.
class FreshRows {
 public:
  /// `segments`: whether the graph segmentation finds the coverage of what the pairs' LR images show (SAMSR Eq. 3-4),
  /// where `fields` have coverage.
  FreshRows(const BuildSettings& settings, const BatchFields& fields, std::int64_t side, bool segments);

  /// The batch with memory for what put() enters.
  Batch add_memory(Batch batch, std::int64_t count) const;
  /// The pair `hr` (side, side), `lr`, both CV_8UC3 RGB, to row `row`. Of several scales the size of `lr` says which it
  /// is of, and Batch::lq has it resized to the latents' size, as Batch::enlarged to that of `hr`.
  void put(Batch& batch, std::int64_t row, const cv::Mat& hr, const cv::Mat& lr) const;

 private:
  const MaskSettings masks_;
  const BatchFields fields_;
  const std::int64_t scale_;
  const std::int64_t side_;
  const bool several_;          ///< scales
  const std::int64_t lq_side_;  ///< of Batch::lq
  const bool segments_;
  const SingleThreadedOpenCv single_threaded_;  // so that the pixels are those of a build
  const std::shared_ptr<BufferPool> memory_ = std::make_shared<BufferPool>();
};

}  // namespace samsr
