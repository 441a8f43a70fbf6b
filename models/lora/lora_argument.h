#pragma once

#include <string>
#include <vector>

namespace samsr {

/// Adapters as the command line names them: FILE[:WEIGHT].
struct LoraArgument {
  std::string path;   ///< a file of adapters, a checkpoint, or the folder of a run
  double weight = 1;  ///< what their part is multiplied by; may be negative

  /// A path that exists is one, whatever signs it has. UserError for an empty path and a weight that is no number.
  static LoraArgument parse(const std::string& argument);
};

/// One for each argument.
std::vector<LoraArgument> lora_arguments(const std::vector<std::string>& arguments);

}  // namespace samsr
