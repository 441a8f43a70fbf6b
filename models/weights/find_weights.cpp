#include "models/weights/find_weights.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// The averaged weights of one checkpoint, their CRC checked.
fs::path averaged_weights(const fs::path& folder) {
  check_checkpoint_file(folder, read_checkpoint_state(folder), kAveragedWeights);
  return folder / kAveragedWeights;
}

}  // namespace

fs::path find_weights(const fs::path& path, Log& log) {
  if (fs::is_regular_file(path)) {
    const fs::path folder = path.parent_path();
    const std::string name = path.filename().string();
    if (name == kBestFile && !is_weights_file(path)) {
      return find_weights(folder / read_best(folder)->checkpoint, log);
    }
    if (holds_checkpoint_state(folder)) {
      const nlohmann::json state = read_checkpoint_state(folder);
      if (state.at("files").contains(name)) {  // otherwise it is a file that someone put beside them
        check_checkpoint_file(folder, state, name);
      }
    }
    return path;
  }
  if (!fs::is_directory(path)) {
    throw UserError("{}: {}; a .safetensors or .pth file, a checkpoint or a run's folder is needed", path.string(),
                    fs::exists(path) ? "is a pipe or a device, not a file" : "no such file or folder");
  }
  if (fs::exists(path / kCheckpointState)) {
    return averaged_weights(path);
  }
  for (const fs::path& folder : checkpoint_folders(path)) {
    try {
      return averaged_weights(folder);
    } catch (const UserError& error) {
      log.warning("{}; the checkpoint before it is used", error.what());
    }
  }
  throw UserError("{}: holds no whole checkpoint (step-…/{})", path.string(), kAveragedWeights);
}

}  // namespace samsr
