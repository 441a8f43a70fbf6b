#pragma once

#include <string>
#include <vector>

#include "core/named_path.h"
#include "eval/tables/table.h"

namespace samsr {

/// The layouts of TableRequest that are none of a file: all that fit, and one of all that was measured.
inline constexpr const char* kAllLayouts = "all";
inline constexpr const char* kMeasuredLayout = "measured";

/// Which tables are made of what.
struct TableRequest {
  std::vector<std::string> results;  ///< as for collect_results()
  std::vector<NamedPath> runs;       ///< folders of the runs that trained the methods, for what that cost
  std::string layout = kAllLayouts;  ///< or the id of one, kMeasuredLayout, or a YAML file of layouts
  std::string published;             ///< YAML file with layouts and published figures; empty: the shipped one
};

/// The tables that were asked for; of several layouts those that something measured has a place in, or where there is
/// none, a table of all that was measured. UserError as collect_results(), merge_results(), training_cost() and
/// read_layouts(), and for a layout that there is not, with the nearest name.
std::vector<Table> choose_tables(const TableRequest& request);

/// "RealSR CLIPIQA" of the columns of a layout that was asked for by its id that nobody measured; none for other
/// requests.
std::vector<std::string> columns_not_measured(const TableRequest& request, const std::vector<Table>& tables);

}  // namespace samsr
