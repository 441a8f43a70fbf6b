#include "models/weights/find_weights.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "models/weights/checkpoint_folder.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Bytes of a run's file `best`; what is longer and called so holds weights itself.
constexpr std::uintmax_t kLongestBest = 4096;

/// The averaged weights of one checkpoint, their CRC checked.
fs::path averaged_weights(const fs::path& folder) {
  check_checkpoint_file(folder, read_checkpoint_state(folder), kAveragedWeights);
  return folder / kAveragedWeights;
}

}  // namespace

fs::path find_weights(const fs::path& path, Log& log) {
  if (fs::is_regular_file(path)) {
    const fs::path folder = path.parent_path();
    if (path.filename() == kBestFile && fs::file_size(path) <= kLongestBest) {
      return find_weights(folder / read_best(folder)->checkpoint, log);
    }
    if (fs::exists(folder / kCheckpointState)) {
      check_checkpoint_file(folder, read_checkpoint_state(folder), path.filename());
    }
    return path;
  }
  if (!fs::is_directory(path)) {
    throw UserError("{}: no such file or folder; a .safetensors or .pth file, a checkpoint or a run's folder is needed",
                    path.string());
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
