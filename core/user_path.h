#pragma once

#include <string>

namespace samsr {

/// A path as a user types it, as their shell would read it: `~` and `~/x` are their home, `~name` that of the user
/// `name`, `$NAME` and `${NAME}` variables of the environment; all else stays as it is. UserError, without the place,
/// for an unknown user, a variable that is not set or empty, other forms of `$…`, and a result that would be read
/// otherwise again.
std::string user_path(const std::string& typed);

}  // namespace samsr
