#pragma once
// What training draws from: samples that lie in shards, or that are made while it runs.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/log.h"
#include "data/shards/batch.h"
#include "data/shards/loader_settings.h"

namespace samsr {

struct ShardField;

/// Samples first … first+count-1 of a data set.
struct SampleRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The endless sequence of samples that training draws, by their position in it. What lies at a position depends on
/// seeds alone: ranks ask for disjoint pieces, so the global batches do not depend on their number, and training
/// resumes at any position.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// Samples of an epoch.
  virtual std::uint64_t samples() const = 0;

  /// Samples at positions first … first+count-1; count > 0. UserError when one cannot be read or made any more. Safe to
  /// use from several threads.
  virtual Batch load(std::uint64_t first, std::int64_t count) const = 0;
};

/// A set of samples of the same fields, types and shapes.
class SampleSet {
 public:
  virtual ~SampleSet() = default;

  /// Where the samples come from, for messages: a folder.
  virtual std::string source() const = 0;
  /// Number of samples; of an epoch where they are made while training.
  virtual std::uint64_t size() const = 0;
  /// How much larger HR images are than LR images: each such factor once, ascending.
  virtual std::vector<std::uint64_t> scales() const = 0;
  /// Type and shape of a field; null when the samples have none of that name. Of LR images of several scales, those of
  /// one of them.
  virtual const ShardField* find(std::string_view name) const = 0;
  /// What the samples depend on, stage by stage (content.h); without the stages whose fields they lack.
  virtual std::string content() const = 0;
  /// A sample's place for messages: "shard-000003.h5 sample 17".
  virtual std::string where(std::uint64_t index) const = 0;

  /// Checksums of what batches of `fields` carry, by its name: equal when the samples are.
  virtual std::map<std::string, std::string> checksums(const BatchFields& fields) const = 0;
  /// Lines of a run's record on the `count` samples that train, by their names: "data" and what else there is to know.
  virtual std::vector<std::pair<std::string, std::string>> facts(const BatchFields& fields,
                                                                 std::uint64_t count) const = 0;

  /// Batches of the samples of `range`, in an order by `seed`. This and `log` outlive them. UserError when samples
  /// lack a field asked for.
  virtual std::unique_ptr<const BatchSource> batches(const LoaderSettings& settings, std::uint64_t seed,
                                                     const BatchFields& fields, Log& log, SampleRange range) const = 0;
};

}  // namespace samsr
