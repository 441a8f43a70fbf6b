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
};

/// UserError, once the tables are written, when a table that was asked for by name lacks columns.
void check_columns(const TableRequest& request, const std::vector<Table>& tables) {
  if (const std::vector<std::string> missing = columns_not_measured(request, tables); !missing.empty()) {
    throw UserError("--layout {}: asked for and not measured: {}", request.layout, fmt::join(missing, ", "));
  }
}

void make_tables(TableArguments arguments, VerbContext& context) {
  arguments.request.runs = named_paths(arguments.runs);
  const std::filesystem::path out = arguments.out;
  if (arguments.format == kAllFormats) {
    if (out.empty()) {
      throw UserError("--format all writes several files: name their folder with --out");
    }
    const auto held = hold_folder(out, "table", context.log);
    const std::vector<Table> tables = choose_tables(arguments.request);
    write_tables_in_all_formats(tables, out);
    context.log.info("tables.md, tables.csv, tables.tex and tables.html are in {}", arguments.out);
    check_columns(arguments.request, tables);
    return;
  }
  const TableFormat& format = table_format(arguments.format, out);
  for (const std::string& results : arguments.request.results) {
    check_not_replaced(results, out);
  }
  check_not_replaced(arguments.request.layout, out);
  check_not_replaced(arguments.request.published, out);
  const std::vector<Table> tables = choose_tables(arguments.request);
  const std::string text = format.print(tables);
  if (out.empty()) {
    std::cout << text;
  } else {
    if (out.has_parent_path()) {
      make_folder(out.parent_path());
    }
    clean_temporaries_of(out);
    write_file_atomically(out, text);
  }
  check_columns(arguments.request, tables);
}

}  // namespace

void add_table_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("table", "puts results of `samsr eval` together as the paper's tables");
  auto arguments = std::make_shared<TableArguments>();
  verb->add_option("results", arguments->request.results, "results.json files, or folders that are searched for them")
      ->required();
  verb->add_option(
      "--layout", arguments->request.layout,
      "1 … 5: that table; all (default): those that fit, else all that was measured; measured: all that was "
      "measured; FILE.yaml: layouts of your own, in the form of eval/tables/published.yaml");
  verb->add_option("--format", arguments->format,
                   "markdown, csv, latex, html, or all; by default what the extension of --out says, else markdown");
  verb->add_option("--out", arguments->out, "file to write instead of standard output; the folder for --format all");
  verb->add_option("--run", arguments->runs,
                   "what training cost, from a run's folder, as DIR or NAME=DIR; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--published", arguments->request.published,
                   "file with layouts and published figures instead of the shipped one");
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      make_tables(*arguments, context);
    }
  });
}

}  // namespace samsr
