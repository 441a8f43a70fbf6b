#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "comm/hold_folder.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "eval/tables/choose_tables.h"
#include "eval/tables/table_format.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

constexpr const char* kAllFormats = "all";

struct TableArguments {
  TableRequest request;
  std::vector<std::string> runs;
  std::string format;
  std::string out;
  bool paper = false;
  bool compare = false;
  std::string against;

  /// Of what is written in all formats, without extension.
  const char* name() const { return compare ? "comparison" : !against.empty() ? "differences" : "tables"; }
};

/// UserError for options that contradict one another, and when nothing says what to tabulate.
void check_options(const TableArguments& arguments) {
  const bool measured = !arguments.request.results.empty() || !arguments.runs.empty();
  if (arguments.paper && arguments.compare) {
    throw UserError(
        "--paper and --compare: give one of them; --compare puts what is published beside what is measured");
  }
  if (arguments.paper && measured) {
    throw UserError("--paper prints what is published alone: leave out results and --run, or give --compare instead");
  }
  if (!arguments.against.empty() &&
      (arguments.paper || arguments.compare || !arguments.runs.empty() || arguments.request.layout != kAllLayouts)) {
    throw UserError("--against {}: goes without --paper, --compare, --layout and --run", arguments.against);
  }
  if (!arguments.paper && arguments.request.results.empty()) {
    throw UserError("name results: results.json files, or folders that samsr eval --out wrote; --paper needs none");
  }
}

/// UserError, once the tables are written, when a table that was asked for by name lacks columns.
void check_columns(const TableRequest& request, const std::vector<Table>& tables) {
  if (const std::vector<std::string> missing = columns_not_measured(request, tables); !missing.empty()) {
    throw UserError("--layout {}: asked for and not measured: {}", request.layout, fmt::join(missing, ", "));
  }
}

/// What the options ask for: tables, or comparisons.
struct Made {
  std::vector<Table> tables;
  std::vector<PublishedComparison> comparisons;

  std::string text(const TableFormat& format) const {
    return comparisons.empty() ? format.print(tables) : format.print_comparisons(comparisons);
  }
};

Made make(const TableArguments& arguments) {
  if (arguments.compare) {
    return {{}, compare_with_published(arguments.request)};
  }
  if (!arguments.against.empty()) {
    return {{differences(arguments.request, arguments.against)}, {}};
  }
  return {arguments.paper ? published_tables(arguments.request) : choose_tables(arguments.request), {}};
}

void write_all_formats(const TableArguments& arguments, Log& log, Made& made) {
  if (arguments.out.empty()) {
    throw UserError("--format all writes several files: name their folder with --out");
  }
  const auto held = hold_folder(arguments.out, "table", log);
  made = make(arguments);
  if (made.comparisons.empty()) {
    write_in_all_formats(made.tables, arguments.name(), arguments.out);
  } else {
    write_in_all_formats(made.comparisons, arguments.out);
  }
  log.info("{0}.md, {0}.csv, {0}.json, {0}.tex and {0}.html are in {1}", arguments.name(), arguments.out);
}

void write_one_format(const TableArguments& arguments, Made& made) {
  const std::filesystem::path out = arguments.out;
  const TableFormat& format = table_format(arguments.format, out);
  for (const std::string& results : arguments.request.results) {
    check_not_replaced(results, out);
  }
  check_not_replaced(arguments.request.layout, out);
  check_not_replaced(arguments.request.published, out);
  made = make(arguments);
  if (out.empty()) {
    std::cout << made.text(format);
    return;
  }
  if (out.has_parent_path()) {
    make_folder(out.parent_path());
  }
  clean_temporaries_of(out);
  write_file_atomically(out, made.text(format));
}

void make_tables(TableArguments arguments, VerbContext& context) {
  check_options(arguments);
  arguments.request.runs = named_paths(arguments.runs);
  Made made;
  if (arguments.format == kAllFormats) {
    write_all_formats(arguments, context.log, made);
  } else {
    write_one_format(arguments, made);
  }
  if (!arguments.paper && !arguments.compare) {
    check_columns(arguments.request, made.tables);
  }
}

}  // namespace

void add_table_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("table", "puts results of `samsr eval` together as the paper's tables");
  auto arguments = std::make_shared<TableArguments>();
  verb->add_option("results", arguments->request.results, "results.json files, or folders that are searched for them");
  verb->add_option(
      "--layout", arguments->request.layout,
      "1 … 5, cost: that table, or several (3,4); all (default): those that fit, else all that was measured; "
      "measured: all that was measured; FILE.yaml: layouts of your own, in the form of eval/tables/published.yaml");
  verb->add_option(
      "--format", arguments->format,
      "markdown, csv, json, latex, html, or all; by default what the extension of --out says, else markdown");
  verb->add_option("--out", arguments->out, "file to write instead of standard output; the folder for --format all");
  verb->add_option("--run", arguments->runs,
                   "what training cost, from a run's folder, as DIR or NAME=DIR; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--published", arguments->request.published,
                   "file with layouts and published figures instead of the shipped one");
  verb->add_flag("--paper", arguments->paper, "the tables as published, without results");
  verb->add_flag("--compare", arguments->compare,
                 "measured figures beside the published ones of the same methods, with their difference");
  verb->add_option("--against", arguments->against,
                   "differences of every method from this one, image by image, with their bootstrap intervals");
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      make_tables(*arguments, context);
    }
  });
}

}  // namespace samsr
