#pragma once

#include <string>
#include <vector>

#include "eval/report/loss_curves.h"

namespace samsr {

/// Line chart of the curves of one run as an inline SVG with axes and a legend; colours come from the CSS
/// classes curve-0 … curve-5. The value axis is logarithmic when every value is positive. Long curves are drawn
/// as the means of 300 stretches. Empty when no curve has a point.
std::string line_chart(const std::vector<LossCurve>& curves);

}  // namespace samsr
