#include "models/weights/checkpoint_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/json_entry.h"

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
  const std::string text = json_text(state);
  return crc32c(text.data(), text.size());
}

bool is_checkpoint(const fs::path& folder) {
  const fs::path file = folder / kCheckpointState;
  if (!fs::is_regular_file(file)) {
    return false;
  }
  if (folder.filename().string().starts_with("step-")) {
    return true;  // also where the file is damaged
  }
  const auto state = nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  return state.is_object() && state.contains("format") && state["format"] == kCheckpointFormat;
}

nlohmann::json read_checkpoint_state(const fs::path& folder) {
  const fs::path file = folder / kCheckpointState;
  const JsonEntry entry = JsonEntry::parse(read_file(file), file.string());
  if (entry.text("format", "") != kCheckpointFormat) {
    throw UserError("{}: not the state of a checkpoint of this program ({})", file.string(), kCheckpointFormat);
  }
  const std::uint64_t recorded = entry.count("crc32c");
  entry.object("files");
  nlohmann::json state = entry.value();
  state.erase("crc32c");
  if (checkpoint_state_crc(state) != recorded) {
    throw UserError("{}: damaged: its CRC does not match", file.string());
  }
  return state;
}

void check_checkpoint_file(const fs::path& folder, const nlohmann::json& state, const std::string& name) {
  const nlohmann::json& files = state.at("files");
  if (!files.contains(name)) {
    throw UserError("{}: {} is none of the checkpoint's files", (folder / kCheckpointState).string(), name);
  }
  if (files[name] != file_crc32c(folder / name)) {
    throw UserError("{}: damaged: its CRC does not match the one in {}", (folder / name).string(), kCheckpointState);
  }
}

std::optional<BestCheckpoint> read_best(const fs::path& out) {
  const fs::path file = out / kBestFile;
  if (!fs::exists(file)) {
    return std::nullopt;
  }
  try {
    const JsonEntry entry = JsonEntry::parse(read_file(file), file.string());
    return BestCheckpoint{entry.text("checkpoint"), entry.text("figure"), entry.number("value")};
  } catch (const UserError& error) {
    throw UserError(
        "{}; training writes which checkpoint is the best there: move the file away, and the next validation begins "
        "anew",
        error.what());
  }
}

}  // namespace samsr
