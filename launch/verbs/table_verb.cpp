#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/named_path.h"
#include "core/nearest_name.h"
#include "eval/tables/merge.h"
#include "eval/tables/print.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

constexpr const char* kAll = "all";
constexpr const char* kMeasured = "measured";

struct TableFormat {
  const char* name;
  const char* extension;
  std::string (*print)(const std::vector<Table>&);
};

constexpr TableFormat kTableFormats[] = {{"markdown", ".md", tables_markdown},
                                         {"csv", ".csv", tables_csv},
                                         {"latex", ".tex", tables_latex},
                                         {"html", ".html", tables_html}};

struct TableArguments {
  std::vector<std::string> results;
  std::vector<std::string> runs;
  std::string layout = kAll;
  std::string format;
  std::string out;
  std::string published;
};

std::vector<TableLayout> known_layouts(const TableArguments& arguments) {
  return arguments.published.empty() ? shipped_layouts()
                                     : read_layouts(read_file(arguments.published), arguments.published);
}

/// Tables that something measured has a place in; all that was measured where there is none.
std::vector<Table> tables_that_fit(const std::vector<TableLayout>& layouts, const Measurements& measurements) {
  std::vector<Table> tables;
  for (const TableLayout& layout : layouts) {
    Table table = fill_table(layout, measurements);
    if (!table.measured.empty()) {
      tables.push_back(std::move(table));
    }
  }
  if (tables.empty()) {
    tables.push_back(fill_table(layout_of_everything(measurements), measurements));
  }
  return tables;
}

std::vector<Table> choose_tables(const TableArguments& arguments, const Measurements& measurements) {
  if (arguments.layout == kMeasured) {
    return {fill_table(layout_of_everything(measurements), measurements)};
  }
  if (arguments.layout.ends_with(".yaml") || arguments.layout.ends_with(".yml")) {
    return tables_that_fit(read_layouts(read_file(arguments.layout), arguments.layout), measurements);
  }
  const std::vector<TableLayout> layouts = known_layouts(arguments);
  if (arguments.layout == kAll) {
    return tables_that_fit(layouts, measurements);
  }
  std::vector<std::string> names{kAll, kMeasured};
  std::string listed;
  for (const TableLayout& layout : layouts) {
    if (layout.id == arguments.layout) {
      return {fill_table(layout, measurements)};
    }
    names.push_back(layout.id);
    listed += layout.id + ", ";
  }
  const std::string near = nearest_name(arguments.layout, names);
  throw UserError("--layout {}: no such table{}; there are {}{}, {} and files that end in .yaml", arguments.layout,
                  near.empty() ? "" : ", did you mean '" + near + "'?", listed, kMeasured, kAll);
}

Measurements read_measurements(const TableArguments& arguments) {
  Measurements measurements;
  measurements.results = merge_results(collect_results(arguments.results));
  for (const std::string& run : arguments.runs) {
    const NamedPath named = NamedPath::parse(run);
    measurements.training.push_back(training_cost(named.path, named.name));
  }
  return measurements;
}

void write_all_formats(const std::vector<Table>& tables, const fs::path& folder) {
  make_folder(folder);
  for (const TableFormat& format : kTableFormats) {
    write_file_atomically(folder / (std::string("tables") + format.extension), format.print(tables));
  }
}

/// The format asked for; without one, that of the extension of --out; without that, Markdown.
const TableFormat& format_of(const TableArguments& arguments) {
  std::vector<std::string> names{kAll};
  for (const TableFormat& format : kTableFormats) {
    names.emplace_back(format.name);
    if (arguments.format == format.name ||
        (arguments.format.empty() && fs::path(arguments.out).extension() == format.extension)) {
      return format;
    }
  }
  if (arguments.format.empty()) {
    return kTableFormats[0];
  }
  const std::string near = nearest_name(arguments.format, names);
  throw UserError("--format {}: expected markdown, csv, latex, html or all{}", arguments.format,
                  near.empty() ? "" : "; did you mean '" + near + "'?");
}

void make_tables(const TableArguments& arguments, VerbContext& context) {
  if (arguments.format == kAll) {
    if (arguments.out.empty()) {
      throw UserError("--format all writes several files: name their folder with --out");
    }
    write_all_formats(choose_tables(arguments, read_measurements(arguments)), arguments.out);
    context.log.info("tables.md, tables.csv, tables.tex and tables.html are in {}", arguments.out);
    return;
  }
  const TableFormat& format = format_of(arguments);
  const std::string text = format.print(choose_tables(arguments, read_measurements(arguments)));
  if (arguments.out.empty()) {
    std::cout << text;
    return;
  }
  if (const fs::path folder = fs::path(arguments.out).parent_path(); !folder.empty()) {
    make_folder(folder);
  }
  write_file_atomically(arguments.out, text);
}

}  // namespace

void add_table_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("table", "puts results of `samsr eval` together as the paper's tables");
  auto arguments = std::make_shared<TableArguments>();
  verb->add_option("results", arguments->results, "results.json files, or folders that are searched for them")
      ->required();
  verb->add_option(
      "--layout", arguments->layout,
      "1 … 5: that table; all (default): those that fit, else all that was measured; measured: all that was "
      "measured; FILE.yaml: layouts of your own, in the form of eval/tables/published.yaml");
  verb->add_option("--format", arguments->format,
                   "markdown, csv, latex, html, or all; by default what the extension of --out says, else markdown");
  verb->add_option("--out", arguments->out, "file to write instead of standard output; the folder for --format all");
  verb->add_option("--run", arguments->runs,
                   "what training cost, from a run's folder, as DIR or NAME=DIR; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--published", arguments->published,
                   "file with layouts and published figures instead of the shipped one");
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      make_tables(*arguments, context);
    }
  });
}

}  // namespace samsr
