#pragma once
// What is complete of a bench table, and what it was measured from.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/bench_table/bench_plan.h"
#include "eval/measure/results.h"

namespace samsr {

/// The figures of each unit lie in OUT/SET/figures/METHOD. The file inputs.txt beside them, written last, says what
/// they were measured from: settings, and size and checksum of weights and pictures. A unit is complete when it says
/// what is here now.
class UnitRecords {
 public:
  /// Reads all weights and pictures of the plan. UserError for one that cannot be read, and for figures that are no
  /// results of samsr and would be replaced.
  UnitRecords(const BenchPlan& plan, const BenchTableRequest& request);

  /// 1 for complete units.
  std::vector<char> complete() const;

  /// Puts a unit's figures down. Errors as write_results().
  void put(std::size_t unit, const Results& results) const;

 private:
  struct Record {
    std::filesystem::path folder;
    std::string inputs;
  };
  std::vector<Record> records_;  ///< by unit
};

/// Where the figures of a unit lie.
std::filesystem::path figures_of(const BenchPlan& plan, const BenchUnit& unit, const std::filesystem::path& out);

}  // namespace samsr
