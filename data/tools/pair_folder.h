#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <set>
#include <string>

#include "data/shards/shard_set.h"

namespace samsr {

/// A folder of pairs lq/sample-000042.png and gt/sample-000042.png, with a record, .samsr-pairs, of which of them samsr
/// has written and of which data set they are, so that pairs of two sets never lie there together and no picture of the
/// user is written over. For a folder that this run holds.
class PairFolder {
 public:
  /// Makes the folder, for pairs of `set`. UserError naming the first sample-….png there that is not in the record.
  PairFolder(const std::filesystem::path& folder, const ShardSet& set);

  /// Before pairs first … first + count - 1 are written: they will be all that the folder holds. Pairs in the record
  /// that would be left over, or are of another data set, are removed; the number of those left over.
  std::size_t replace_all(std::uint64_t first, std::uint64_t count);

  /// Before pairs first … first + count - 1 are written beside the others. UserError when these are of another data
  /// set.
  void add(std::uint64_t first, std::uint64_t count);

 private:
  void write_record() const;

  const std::filesystem::path folder_;
  const std::string set_;         ///< tells the data set by its content
  const std::string set_folder_;  ///< for messages
  std::string recorded_set_;
  std::string recorded_folder_;
  std::set<std::string> names_;
};

/// Writes both pictures of pair `index` as PNG into a folder of pairs whose record has it (PairFolder), on any rank.
void write_pair(const std::filesystem::path& folder, std::uint64_t index, const cv::Mat& lr, const cv::Mat& hr);

}  // namespace samsr
