#pragma once

#include <string>
#include <vector>

#include "core/named_path.h"
#include "eval/tables/published_comparison.h"
#include "eval/tables/table.h"

namespace samsr {

/// The layouts of TableRequest that are none of a file: all that fit, and one of all that was measured.
inline constexpr const char* kAllLayouts = "all";
inline constexpr const char* kMeasuredLayout = "measured";

/// Which tables are made of what.
struct TableRequest {
  std::vector<std::string> results{};  ///< as for collect_results()
  std::vector<NamedPath> runs{};       ///< folders of the runs that trained the methods, for what that cost
  std::string layout = kAllLayouts;    ///< or ids of some ("3,4"), kMeasuredLayout, or a YAML file of layouts
  std::string published{};             ///< YAML file with layouts and published figures; empty: the shipped one
};

/// The tables that were asked for; of all layouts those that something measured has a place in, or where there is none,
/// a table of all that was measured. UserError as collect_results(), merge_results(), read_trained_run() and
/// read_layouts(), and for a layout that there is not, with the nearest name.
std::vector<Table> choose_tables(const TableRequest& request);

/// The tables as published, of those layouts that are laid out after a publication; nothing measured is looked at.
/// UserError as choose_tables(), and when no layout that was asked for has a publication.
std::vector<Table> published_tables(const TableRequest& request);

/// What was measured beside what is published, in those layouts that have both of some method. UserError as
/// choose_tables(), and when nothing can be compared.
std::vector<PublishedComparison> compare_with_published(const TableRequest& request);

/// What every method was measured to be, less `baseline` (differences_from()); layouts and runs are not looked at.
/// UserError as choose_tables() and differences_from().
Table differences(const TableRequest& request, const std::string& baseline);

/// "RealSR CLIPIQA" of the columns of layouts that were asked for by their ids that nobody measured; none for other
/// requests.
std::vector<std::string> columns_not_measured(const TableRequest& request, const std::vector<Table>& tables);

}  // namespace samsr
