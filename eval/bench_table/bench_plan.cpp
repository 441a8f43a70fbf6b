#include "eval/bench_table/bench_plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/error.h"
#include "eval/bench_table/table_rows.h"
#include "eval/markup/markup.h"
#include "eval/metrics/metric_table.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAutoencoder = "autoencoder_vq_f4";
constexpr const char* kMasks = "sam_vit_b";

void add_once(std::vector<std::string>& list, const std::string& each) {
  if (std::find(list.begin(), list.end(), each) == list.end()) {
    list.push_back(each);
  }
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

/// What several may need and is not here; each once, with all its uses.
class MissingList {
 public:
  void add(const std::string& what, const std::string& use, const std::string& address) {
    const auto known = std::find_if(items_.begin(), items_.end(), [&](const Item& each) { return each.what == what; });
    add_once((known == items_.end() ? items_.emplace_back(Item{what, {}, address}) : *known).uses, use);
  }
  void add(const OfficialFile& file, const std::string& use) { add(file.file, use, file.address); }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const Item& each : items_) {
      lines.push_back(fmt::format("{}, for {}: {}", each.what, joined(each.uses), each.address));
    }
    return lines;
  }

 private:
  struct Item {
    std::string what;
    std::vector<std::string> uses;
    std::string address;
  };
  std::vector<Item> items_;
};

/// A set as the tables' columns show it.
struct WantedSet {
  std::string benchmark;
  std::string title;
  std::vector<std::string> tables;
  std::vector<std::string> metrics;
};

std::vector<WantedSet> wanted_sets(const std::vector<TableLayout>& layouts) {
  std::vector<WantedSet> wanted;
  for (const TableLayout& layout : layouts) {
    for (const TableColumn& column : layout.columns) {
      auto set = std::find_if(wanted.begin(), wanted.end(),
                              [&](const WantedSet& each) { return each.benchmark == column.benchmark; });
      if (set == wanted.end()) {
        set = wanted.insert(wanted.end(), {column.benchmark, column.group, {}, {}});
      }
      add_once(set->tables, layout.id);
      add_once(set->metrics, column.metric);
    }
  }
  return wanted;
}

class Planner {
 public:
  explicit Planner(const BenchTableRequest& request)
      : request_(request),
        layouts_(measurable_layouts(request.tables)),
        benchmarks_(load_benchmarks(request.settings.benchmarks_file, request.benchmarks)),
        catalogue_(request.files) {}

  BenchPlan plan() {
    for (const WantedSet& wanted : wanted_sets(layouts_)) {
      add_set(wanted);
    }
    units_.resize(plan_.sets.size());
    for (const TableLayout& layout : layouts_) {
      for (const QuotedRow& row : layout.quoted) {
        add_row(row.method, layout);
      }
    }
    for (std::size_t s = 0; s < plan_.sets.size(); ++s) {
      plan_.units.push_back({s, {}});
      plan_.units.insert(plan_.units.end(), units_[s].begin(), units_[s].end());
    }
    const std::vector<std::string> lines = missing_.lines();
    plan_.missing.insert(plan_.missing.begin(), lines.begin(), lines.end());
    return std::move(plan_);
  }

 private:
  void add_set(const WantedSet& wanted) {
    const auto listed = std::find_if(benchmarks_.all().begin(), benchmarks_.all().end(),
                                     [&](const Benchmark& each) { return each.name == wanted.benchmark; });
    if (listed == benchmarks_.all().end()) {
      throw UserError("{}: has no '{}', which table {} shows", request_.settings.benchmarks_file, wanted.benchmark,
                      wanted.tables.front());
    }
    BenchSet here;
    here.set = *listed;
    const bool is_here = fs::is_directory(listed->lq) && (listed->gt.empty() || fs::is_directory(listed->gt));
    if (!is_here) {
      missing_.add(fmt::format("{} ({})", listed->title, listed->lq.string()),
                   fmt::format("table {}", joined(wanted.tables)), listed->address);
    }
    for (const std::string& metric : wanted.metrics) {
      add_metric(metric, here);
    }
    if (is_here && !here.metrics.empty()) {
      note_missing_images(here);
      plan_.sets.push_back(std::move(here));
    }
  }

  void add_metric(const std::string& name, BenchSet& set) {
    const MetricDescription& metric = metric_description(name);
    std::vector<fs::path> found;
    for (const std::string_view file : metric.files) {
      if (const auto path = catalogue_.find(std::string(file))) {
        found.push_back(*path);
      } else {
        missing_.add(*catalogue_.entry(std::string(file)), fmt::format("the metric {}", name));
      }
    }
    if (metric.needs_reference && set.set.gt.empty()) {
      missing_.add(fmt::format("references of {}", set.set.title), fmt::format("the metric {}", name), set.set.address);
    } else if (found.size() == metric.files.size()) {
      set.metrics.push_back(name);
      set.weights.insert(set.weights.end(), found.begin(), found.end());
    }
  }

  /// Images that the published set has beside these.
  void note_missing_images(BenchSet& here) {
    InputProblems strict;
    here.lq = list_image_set(here.set.lq, "low-resolution images", strict);
    try {
      check_completeness(here.set, here.lq, strict);
    } catch (const UserError& incomplete) {
      plan_.missing.push_back(fmt::format("images: {}", incomplete.what()));
    }
  }

  void add_row(const std::string& method, const TableLayout& layout) {
    const OfficialFile* file = file_of_row(catalogue_.files(), method, layout.id);
    if (file == nullptr) {
      add_once(plan_.quoted_only, method);
      return;
    }
    const auto [known, is_new] = numbers_.try_emplace({method, file->name});
    if (is_new) {
      known->second = add_method(method, *file);
    }
    for (std::size_t s = 0; s < plan_.sets.size() && known->second; ++s) {
      const bool shown = std::any_of(layout.columns.begin(), layout.columns.end(), [&](const TableColumn& column) {
        return column.benchmark == plan_.sets[s].set.name;
      });
      const bool there = std::any_of(units_[s].begin(), units_[s].end(),
                                     [&](const BenchUnit& unit) { return plan_.name_of(unit) == method; });
      if (shown && !there) {
        units_[s].push_back({s, known->second});
      }
    }
  }

  /// Its number in the plan; none where a file is not here.
  std::optional<std::size_t> add_method(const std::string& method, const OfficialFile& file) {
    const auto path = catalogue_.find(file.name);
    ConfiguredModel configured = request_.configure(file, path.value_or(fs::path(file.file)));
    keep_settings_of_its_kind(method, file, configured.argument);
    BenchMethod added{{method, std::move(configured.argument)}, {}, std::move(configured.settings)};
    bool whole = true;
    const auto need = [&](const OfficialFile& needed, const std::string& use) {
      if (const auto found = catalogue_.find(needed.name)) {
        added.weights.push_back(*found);
      } else {
        missing_.add(needed, use);
        whole = false;
      }
    };
    need(file, file.row);
    for (const std::string& needed : file.needs) {
      if (is_needed(needed, added.model.argument)) {
        need(*catalogue_.entry(needed), method);
      }
    }
    for (const std::string& named :
         {added.model.argument.model.first_stage.weights, added.model.argument.masks.weights}) {
      if (file.kind != kPeerFile && !named.empty()) {
        added.weights.emplace_back(named);
      }
    }
    if (!whole) {
      return std::nullopt;
    }
    plan_.methods.push_back(std::move(added));
    return plan_.methods.size() - 1;
  }

  /// One list of settings is for methods of several kinds: noise and masks for those whose noise masks shape,
  /// PeerSettings for compared methods. Elsewhere they would be errors, or not what was published.
  static void keep_settings_of_its_kind(const std::string& method, const OfficialFile& file, ModelArgument& argument) {
    const UpscaleSettings defaults;
    if (std::find(file.needs.begin(), file.needs.end(), kMasks) == file.needs.end()) {
      argument.upscale.noise = defaults.noise;
      argument.upscale.masks = defaults.masks;
    }
    if (file.kind != kPeerFile) {
      argument.upscale.peer = {};
      return;
    }
    argument.given.clear();
    if (const std::int64_t steps = steps_in_name(method); steps > 0) {
      argument.upscale.peer.ddim_steps = steps;
    }
  }

  /// Whether settings do without an official file: they name another, or ask for what needs none.
  static bool is_needed(const std::string& file, const ModelArgument& argument) {
    const FirstStageSettings& stage = argument.model.first_stage;
    return file == kAutoencoder ? stage.type == "vq_f4" && stage.weights.empty()
           : file == kMasks     ? needs_official_masks(argument)
                                : true;
  }

  const BenchTableRequest& request_;
  const std::vector<TableLayout> layouts_;
  const BenchmarkCatalogue benchmarks_;
  const OfficialFiles catalogue_;
  BenchPlan plan_;
  MissingList missing_;
  std::map<std::pair<std::string, std::string>, std::optional<std::size_t>> numbers_;  ///< by row and file
  std::vector<std::vector<BenchUnit>> units_;                                          ///< by set, without bicubic
};

/// Methods, sets, and what is complete.
std::string plan_table(const BenchPlan& plan, const std::vector<char>& complete) {
  std::string text = "| method |";
  std::string rule = "| --- |";
  for (const BenchSet& set : plan.sets) {
    text += fmt::format(" {}, {} images |", markdown_cell(set.set.title), set.lq.size());
    rule += " --- |";
  }
  text += "\n" + rule + "\n";
  std::vector<std::string> names;
  for (const BenchUnit& unit : plan.units) {
    add_once(names, plan.name_of(unit));
  }
  for (const std::string& name : names) {
    text += fmt::format("| {} |", markdown_cell(name));
    for (std::size_t s = 0; s < plan.sets.size(); ++s) {
      std::string state = "-";
      for (std::size_t u = 0; u < plan.units.size(); ++u) {
        if (plan.units[u].set == s && plan.name_of(plan.units[u]) == name) {
          state = complete[u] != 0 ? "complete" : "to measure";
        }
      }
      text += fmt::format(" {} |", state);
    }
    text += "\n";
  }
  return text + "\n";
}

}  // namespace

const std::string& BenchPlan::name_of(const BenchUnit& unit) const {
  static const std::string bicubic = kBicubicRow;
  return unit.method ? methods[*unit.method].model.name : bicubic;
}

std::string BenchPlan::title_of(const BenchUnit& unit) const {
  return fmt::format("{} on {}", name_of(unit), sets[unit.set].set.title);
}

BenchPlan plan_bench_table(const BenchTableRequest& request) { return Planner(request).plan(); }

void check_anything_to_measure(const BenchPlan& plan, const BenchTableRequest& request) {
  if (plan.methods.empty()) {
    throw UserError("--weights {}: holds the files of no method of table {}; `samsr weights list` says what they are",
                    request.files.folder, request.tables);
  }
  if (plan.sets.empty()) {
    throw UserError(
        "--benchmarks {}: holds no set of table {} that the metrics whose weights are in {} can measure; --dry-run "
        "says what is missing",
        request.benchmarks.string(), request.tables, request.files.folder);
  }
}

std::string describe_plan(const BenchPlan& plan, const std::vector<char>& complete) {
  std::string text = plan.units.empty() ? "" : plan_table(plan, complete);
  for (const BenchSet& set : plan.sets) {
    text += fmt::format("- {}: {}\n", set.set.title, joined(set.metrics));
  }
  if (!plan.quoted_only.empty()) {
    text += fmt::format("- quoted only, because no file is known: {}\n", joined(plan.quoted_only));
  }
  return text;
}

std::string describe_missing(const BenchPlan& plan) {
  if (plan.missing.empty()) {
    return "Nothing is missing.\n";
  }
  return fmt::format("Missing:\n\n- {}\n", fmt::join(plan.missing, "\n- "));
}

}  // namespace samsr
