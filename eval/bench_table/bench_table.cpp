#include "eval/bench_table/bench_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "comm/hold_folder.h"
#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/output.h"
#include "eval/bench_table/unit_records.h"
#include "eval/measure/model_pictures.h"
#include "eval/metrics/choose_metrics.h"
#include "eval/tables/choose_tables.h"
#include "eval/tables/print.h"
#include "eval/tables/print_comparison.h"
#include "eval/tables/table_format.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// A plan at work. Everything but describe() is collective.
class BenchTable {
 public:
  BenchTable(const BenchTableRequest& request, Communicator& communicator, Log& log)
      : request_(request), communicator_(communicator), log_(log), plan_(plan_bench_table(request)) {
    for (const BenchSet& set : plan_.sets) {
      check_outside(set.set.lq, request.out, fmt::format("--out {}", request.out.string()));
      check_outside(set.set.gt, request.out, fmt::format("--out {}", request.out.string()));
    }
    check_writable(request.out, fmt::format("--out {}", request.out.string()));
  }

  /// Finds what is complete.
  void look() {
    complete_.resize(plan_.units.size());
    on_first_rank(
        [&] {
          records_ = std::make_unique<UnitRecords>(plan_, request_);
          complete_ = records_->complete();
        },
        communicator_);
    communicator_.broadcast(complete_.data(), complete_.size(), 0);
  }

  std::string describe() const { return describe_plan(plan_, complete_) + "\n" + describe_missing(plan_); }

  void check_anything() const { check_anything_to_measure(plan_, request_); }

  /// UserError for what is wrong with pictures and models, before anything long begins.
  void check_inputs() {
    InputProblems strict;
    for (std::size_t s = 0; s < plan_.sets.size(); ++s) {
      const BenchSet& set = plan_.sets[s];
      if (const std::string changed = log_.speaks() ? changed_files(set.set, set.lq) : ""; !changed.empty()) {
        log_.warning("{}", changed);
      }
      if (open_units(s, {}).empty()) {
        continue;
      }
      log_.info("{}: looking at {} pictures", set.set.title, set.lq.size());
      evaluate(comparison_of(set, strict), {}, set.set.size, communicator_, log_, strict);  // sizes, without a metric
    }
    for (std::size_t m = 0; m < plan_.methods.size(); ++m) {
      const EvaluatedModel& model = plan_.methods[m].model;
      std::vector<Benchmark> sets;
      for (const std::size_t unit : open_units({}, m)) {
        sets.push_back(plan_.sets[plan_.units[unit].set].set);
      }
      if (!sets.empty()) {
        std::string words;
        on_first_rank([&] { words = try_model(model, sets); }, communicator_);
        log_.info("{}: {}, {}", model.name, model.argument.path, words);
      }
    }
  }

  void measure_all(c10::Device device) {
    done_ = static_cast<std::size_t>(std::count(complete_.begin(), complete_.end(), 1));
    if (done_ > 0) {
      log_.info("{} of {} are complete and passed over", done_, plan_.units.size());
    }
    if (done_ == plan_.units.size()) {
      return;
    }
    const OfficialFiles files(request_.files);
    std::vector<std::string> names;
    for (const BenchSet& set : plan_.sets) {
      names.insert(names.end(), set.metrics.begin(), set.metrics.end());
    }
    metrics_ = choose_metrics(fmt::format("{}", fmt::join(names, ",")), {request_.settings.crop_border, device, &files})
                   .metrics;
    for (std::size_t unit = 0; unit < plan_.units.size(); ++unit) {
      if (!plan_.units[unit].method && complete_[unit] == 0) {
        begin(unit);
        measure(unit, nullptr);
      }
    }
    for (std::size_t m = 0; m < plan_.methods.size(); ++m) {
      measure_method(m, device);
    }
  }

  /// Writes OUT/tables; their Markdown, on rank 0.
  std::string make_tables() const {
    std::string text;
    on_first_rank(
        [&] {
          TableRequest request;
          request.layout = request_.tables;
          for (const BenchUnit& unit : plan_.units) {
            request.results.push_back((figures_of(plan_, unit, request_.out) / "results.json").string());
          }
          const std::vector<Table> tables = choose_tables(request);
          const std::vector<PublishedComparison> comparisons = compare_with_published(request);
          const fs::path folder = request_.out / "tables";
          write_in_all_formats(tables, "tables", folder);
          write_in_all_formats(comparisons, folder);
          write_file_atomically(folder / "missing.md", describe_missing(plan_));
          text = fmt::format("{}\n{}\n{}", tables_markdown(tables), comparisons_markdown(comparisons),
                             describe_missing(plan_));
        },
        communicator_);
    return text;
  }

 private:
  /// Numbers of the units that are not complete, of one set or one method where these are given.
  std::vector<std::size_t> open_units(std::optional<std::size_t> set, std::optional<std::size_t> method) const {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < plan_.units.size(); ++i) {
      const BenchUnit& unit = plan_.units[i];
      if (complete_[i] == 0 && (!set || unit.set == *set) && (!method || unit.method == method)) {
        open.push_back(i);
      }
    }
    return open;
  }

  /// The set with the row `bicubic`.
  Comparison comparison_of(const BenchSet& set, InputProblems& problems) const {
    Comparison comparison = plan_comparison({{}, set.set.gt, set.set.lq}, set.set.scale, problems);
    comparison.images = request_.settings.images;
    return comparison;
  }

  void begin(std::size_t unit) {
    ++done_;
    log_.info("[{} of {}] {}", done_, plan_.units.size(), plan_.title_of(plan_.units[unit]));
  }

  void measure_method(std::size_t method, c10::Device device) {
    const std::vector<std::size_t> open = open_units({}, method);
    std::unique_ptr<ReadyModel> ready;
    for (const std::size_t unit : open) {
      begin(unit);
      const EvaluatedModel& model = plan_.methods[method].model;
      if (!ready) {
        ready = ready_model(model.argument, device, log_);
      }
      InputProblems strict;
      const Benchmark& set = plan_.sets[plan_.units[unit].set].set;
      const EvalMethod made = make_pictures(*ready, model, set.lq, request_.out / set.name / "pictures" / model.name,
                                            communicator_, log_, strict);
      measure(unit, &made);
    }
  }

  /// Measures the pictures of `made`, or bicubic's.
  void measure(std::size_t unit, const EvalMethod* made) {
    InputProblems strict;
    const BenchSet& set = plan_.sets[plan_.units[unit].set];
    Comparison comparison = comparison_of(set, strict);
    if (made != nullptr) {
      comparison.methods.clear();
      add_method(comparison, *made, strict);
    }
    std::vector<const Metric*> metrics;
    for (const std::string& name : set.metrics) {
      metrics.push_back(std::find_if(metrics_.begin(), metrics_.end(), [&](const auto& each) {
                          return each->name() == name;
                        })->get());
    }
    Results results = evaluate(comparison, metrics, set.set.size, communicator_, log_, strict);
    results.benchmark = set.set.name;
    results.title = set.set.title;
    on_first_rank([&] { records_->put(unit, results); }, communicator_);
  }

  const BenchTableRequest& request_;
  Communicator& communicator_;
  Log& log_;
  const BenchPlan plan_;
  std::unique_ptr<UnitRecords> records_{};  ///< on rank 0
  std::vector<char> complete_{};            ///< by unit
  std::vector<std::unique_ptr<Metric>> metrics_{};
  std::size_t done_ = 0;
};

}  // namespace

void try_bench_table(const BenchTableRequest& request, Communicator& communicator, Log& log, std::ostream& out) {
  BenchTable table(request, communicator, log);
  table.look();
  if (communicator.rank() == 0) {
    out << table.describe();  // first: what is missing may be why nothing can be measured
  }
  table.check_anything();
  table.check_inputs();
}

std::string bench_table(const BenchTableRequest& request, c10::Device device, Communicator& communicator, Log& log) {
  BenchTable table(request, communicator, log);
  const auto held = hold_folder(request.out, "bench-table", communicator, log);
  table.look();
  table.check_anything();
  table.check_inputs();
  table.measure_all(device);
  return table.make_tables();
}

}  // namespace samsr
