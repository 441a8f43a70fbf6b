#include "models/weights/checkpoint_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;

std::vector<fs::path> checkpoint_folders(const fs::path& out) {
  std::vector<fs::path> folders;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(out, missing)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with("step-")) {
      folders.push_back(entry.path());
    }
  }
  std::sort(folders.rbegin(), folders.rend());
  return folders;
}

std::uint32_t checkpoint_state_crc(const nlohmann::json& state) {
  const std::string text = state.dump();
  return crc32c(text.data(), text.size());
}

nlohmann::json read_checkpoint_state(const fs::path& folder) {
  const fs::path file = folder / kCheckpointState;
  nlohmann::json state = nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() || state.value("format", "") != kCheckpointFormat || !state.contains("crc32c")) {
    throw UserError("{}: damaged, or not a checkpoint of this program", file.string());
  }
  const auto recorded = state["crc32c"].get<std::uint32_t>();
  state.erase("crc32c");
  if (checkpoint_state_crc(state) != recorded) {
    throw UserError("{}: damaged: its CRC does not match", file.string());
  }
  return state;
}

void check_checkpoint_file(const fs::path& folder, const nlohmann::json& state, const std::string& name) {
  if (file_crc32c(folder / name) != state.at("files").at(name).get<std::uint32_t>()) {
    throw UserError("{}: damaged: its CRC does not match the one in {}", (folder / name).string(), kCheckpointState);
  }
}

std::optional<BestCheckpoint> read_best(const fs::path& out) {
  const fs::path file = out / kBestFile;
  if (!fs::exists(file)) {
    return std::nullopt;
  }
  const auto entry = nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object() || !entry.contains("checkpoint") || !entry.contains("figure") || !entry.contains("value")) {
    throw UserError("{}: damaged; remove it, and the next validation begins anew", file.string());
  }
  return BestCheckpoint{entry["checkpoint"], entry["figure"], entry["value"]};
}

}  // namespace samsr
