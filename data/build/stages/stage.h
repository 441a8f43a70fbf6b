#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "data/shards/content.h"
#include "data/shards/sample.h"

namespace samsr {

/// One step of the build: computes some fields of a sample from fields that are there already. The driver
/// (shard_builder.h) hands it samples whose needed fields come from an earlier stage of the same run or from a
/// stored shard, and stores what it adds. One object serves one rank, on one thread (SingleThreaded).
class Stage {
 public:
  virtual ~Stage() = default;

  /// One of stage_names().
  virtual std::string name() const = 0;
  /// Fields that run() reads, texts included. Where one is missing the build stops with a line that names the
  /// stage to do first; fields that not every data set has (coverage_hr) are named only where they are required.
  virtual std::vector<std::string> needs() const { return {}; }
  /// "key: value" lines of all that the fields depend on beside the fields it reads: settings under their dotted
  /// keys (see setting_lines), facts such as a weight file's CRC-32C under keys without a dot. Equal lines, equal
  /// bytes; no paths in them.
  virtual std::string content() const = 0;
  /// How many samples run() takes at once. A function of the settings alone, as it may show in the last bits.
  virtual std::size_t batch() const { return 1; }
  /// Adds this stage's fields to consecutive samples of one shard, of which `first` is the index in the data set of
  /// samples[0]. Always batch() samples, counted from the shard's first; fewer only at its end. The same fields,
  /// types and shapes for every sample. A pure function of content(), the fields read and `first`.
  virtual void run(std::uint64_t first, std::span<Sample> samples) = 0;
  /// What is worth telling at the end of the build, with how often it happened on this rank: "images without any
  /// mask" → 12. Every rank has the same keys.
  virtual std::map<std::string, std::uint64_t> counts() const { return {}; }
};

}  // namespace samsr
