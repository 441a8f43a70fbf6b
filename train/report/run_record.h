#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// The fact of a start that goes on from a checkpoint: "from step 20; the start before came to step 23, steps done
/// again: 3".
inline constexpr const char* kGoesOn = "goes on";

/// What a run begins with: the facts that follow from its settings, by name. Printed, and kept in the run's folder.
class RunRecord {
 public:
  void add(std::string name, std::string text) { facts_.emplace_back(std::move(name), std::move(text)); }

  /// One aligned line a fact.
  void print(Log& log) const;
  /// Adds the facts to a YAML file as one more document, so that every start of a run is on record. UserError when it
  /// cannot be written.
  void append_to(const std::filesystem::path& file) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

/// What append_to() has written to `file`: the facts of each start, by name. None where there is no file; UserError
/// when it is damaged.
std::vector<std::map<std::string, std::string>> recorded_starts(const std::filesystem::path& file);

/// "node1 (8 ranks), node2 (8 ranks)". Collective.
std::string hosts_of(Communicator& communicator);

/// Fingerprint of the data set in `shards`: CRC-32C of its manifest, which holds the checksums of all that the shards
/// contain. Eight hex digits; UserError when it cannot be read.
std::string data_fingerprint(const std::filesystem::path& shards);

/// Date and time in UTC, ISO 8601.
std::string time_now();

}  // namespace samsr
