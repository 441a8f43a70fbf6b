#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// Name in `known` with the smallest edit distance to `name`; empty when none is near enough to be a
/// likely misspelling (distance above a third of the longer name, at least 2).
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// ", did you mean 'NEAREST'?" behind an unknown name in a message; empty when nothing is near enough.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace samsr
