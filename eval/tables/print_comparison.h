#pragma once
// Comparisons with publications in the languages that tables are printed in: one line a figure.

#include <string>
#include <vector>

#include "eval/tables/published_comparison.h"

namespace samsr {

std::string comparisons_markdown(const std::vector<PublishedComparison>& comparisons);

/// Figures in full precision, all tables in one list.
std::string comparisons_csv(const std::vector<PublishedComparison>& comparisons);

/// An array of comparisons: figures in full precision, null where there is none.
std::string comparisons_json(const std::vector<PublishedComparison>& comparisons);

/// One `table` environment each; needs booktabs.
std::string comparisons_latex(const std::vector<PublishedComparison>& comparisons);

/// A page that needs nothing beside it.
std::string comparisons_html(const std::vector<PublishedComparison>& comparisons);

/// "Table 1: Real-world images, measured and published".
std::string comparison_heading(const PublishedComparison& comparison);

}  // namespace samsr
