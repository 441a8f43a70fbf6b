#include "eval/bench_table/unit_records.h"

#include <fmt/ranges.h>

#include <map>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/own_file.h"
#include "core/parallel.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kInputsFile = "inputs.txt";
constexpr const char* kUnitFormat = "samsr-bench-table/1";

std::string content_of(const fs::path& file) {
  return fmt::format("{} bytes {:08x}", fs::file_size(file), file_crc32c(file));
}

/// One line for all pictures: their number, and a checksum of names and contents.
std::string content_of(const ImageSet& images) {
  std::vector<const ImageSet::value_type*> all;
  for (const auto& each : images) {
    all.push_back(&each);
  }
  std::vector<std::string> contents(all.size());
  in_parallel(static_cast<std::int64_t>(all.size()), [&](std::int64_t i) {
    const auto& [name, path] = *all[static_cast<std::size_t>(i)];
    contents[static_cast<std::size_t>(i)] = fmt::format("{} {}\n", name, content_of(path));
  });
  const std::string text = fmt::format("{}", fmt::join(contents, ""));
  return fmt::format("{} images {:08x}", images.size(), crc32c(text.data(), text.size()));
}

/// Contents of weights, each file read once.
class Weights {
 public:
  std::string lines(const std::vector<fs::path>& files) {
    std::string text;
    for (const fs::path& file : files) {
      const auto [known, is_new] = contents_.try_emplace(file);
      if (is_new) {
        known->second = content_of(file);
      }
      text += fmt::format("weights: {} {}\n", file.string(), known->second);
    }
    return text;
  }

 private:
  std::map<fs::path, std::string> contents_;
};

std::string inputs_of(const BenchSet& set, const std::string& pictures, Weights& weights) {
  return fmt::format("{}\nmetrics: {}\n{}{}", kUnitFormat, fmt::join(set.metrics, ","), weights.lines(set.weights),
                     pictures);
}

std::string pictures_of(const BenchSet& set) {
  InputProblems strict;
  std::string text = fmt::format("low-resolution: {} {}\n", set.set.lq.string(), content_of(set.lq));
  if (!set.set.gt.empty()) {
    text += fmt::format("references: {} {}\n", set.set.gt.string(),
                        content_of(list_image_set(set.set.gt, "references", strict)));
  }
  return text;
}

}  // namespace

fs::path figures_of(const BenchPlan& plan, const BenchUnit& unit, const fs::path& out) {
  return out / plan.sets[unit.set].set.name / "figures" / plan.name_of(unit);
}

UnitRecords::UnitRecords(const BenchPlan& plan, const BenchTableRequest& request) {
  Weights weights;
  std::vector<std::string> of_sets;
  for (const BenchSet& set : plan.sets) {
    of_sets.push_back(inputs_of(set, pictures_of(set), weights));
  }
  for (const BenchUnit& unit : plan.units) {
    Record& record = records_.emplace_back();
    record.folder = figures_of(plan, unit, request.out);
    check_own_file(record.folder / "results.json", kResultsFormat);
    const std::string& settings = unit.method ? plan.methods[*unit.method].settings : request.settings_text;
    record.inputs = of_sets[unit.set] + (unit.method ? weights.lines(plan.methods[*unit.method].weights) : "") +
                    fmt::format("settings: {:08x}\n", crc32c(settings.data(), settings.size()));
  }
}

std::vector<char> UnitRecords::complete() const {
  std::vector<char> complete;
  for (const Record& record : records_) {
    const bool whole = fs::is_regular_file(record.folder / "results.json") &&
                       fs::is_regular_file(record.folder / kInputsFile) &&
                       read_file(record.folder / kInputsFile) == record.inputs;
    complete.push_back(whole ? 1 : 0);
  }
  return complete;
}

void UnitRecords::put(std::size_t unit, const Results& results) const {
  const Record& record = records_.at(unit);
  std::error_code ignored;
  fs::remove(record.folder / kInputsFile, ignored);  // it tells of figures that are replaced now
  write_results(results, record.folder);
  write_file_atomically(record.folder / kInputsFile, record.inputs);
}

}  // namespace samsr
