#include "models/weights/checkpoint_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/shallow_json.h"

namespace samsr {
namespace fs = std::filesystem;

namespace {

/// Whether `name` can only be an entry of the folder it is looked up in.
bool stays_in_folder(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

/// Whether the state has what is read of it, each of its type. Its CRC is no defence: whoever wrote it can do so again.
bool is_whole_state(const nlohmann::json& state) {
  const auto has = [&](const char* key, bool (nlohmann::json::*is)() const noexcept) {
    const auto found = state.find(key);
    return found != state.end() && ((*found).*is)();
  };
  if (!state.is_object() || !has("format", &nlohmann::json::is_string) || state["format"] != kCheckpointFormat ||
      !has("crc32c", &nlohmann::json::is_number_unsigned) || !has("config", &nlohmann::json::is_string) ||
      !has("files", &nlohmann::json::is_object)) {
    return false;
  }
  for (const char* key : {"step", "position", "seed", "dataset_size"}) {
    if (!has(key, &nlohmann::json::is_number_unsigned)) {
      return false;
    }
  }
  constexpr std::uint64_t kMostSteps = 1'000'000'000'000'000;
  const auto& files = state["files"].get_ref<const nlohmann::json::object_t&>();
  return state["step"].get<std::uint64_t>() <= kMostSteps &&
         std::all_of(files.begin(), files.end(), [](const auto& file) {
           return stays_in_folder(file.first) && file.first.ends_with(".safetensors") &&
                  file.second.is_number_unsigned();
         });
}

}  // namespace

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
  return parse_checkpoint_state(read_file(file), file.string());
}

nlohmann::json parse_checkpoint_state(const std::string& text, const std::string& name) {
  auto state = parse_shallow_json<nlohmann::json>(text);
  if (!is_whole_state(state)) {
    throw UserError("{}: damaged, or not a checkpoint of this program", name);
  }
  const auto recorded = state["crc32c"].get<std::uint64_t>();
  state.erase("crc32c");
  if (checkpoint_state_crc(state) != recorded) {
    throw UserError("{}: damaged: its CRC does not match", name);
  }
  return state;
}

void check_checkpoint_file(const fs::path& folder, const nlohmann::json& state, const std::string& name) {
  const auto& files = state.at("files");
  if (!files.contains(name)) {
    throw UserError("{}: not of this checkpoint: {} does not list it", (folder / name).string(), kCheckpointState);
  }
  if (file_crc32c(folder / name) != files[name].get<std::uint64_t>()) {
    throw UserError("{}: damaged: its CRC does not match the one in {}", (folder / name).string(), kCheckpointState);
  }
}

std::optional<BestCheckpoint> read_best(const fs::path& out) {
  const fs::path file = out / kBestFile;
  if (!fs::exists(file)) {
    return std::nullopt;
  }
  const auto entry = parse_shallow_json<nlohmann::json>(read_file(file));
  if (!entry.is_object() || !entry.value("checkpoint", nlohmann::json()).is_string() ||
      !entry.value("figure", nlohmann::json()).is_string() || !entry.value("value", nlohmann::json()).is_number() ||
      !stays_in_folder(entry["checkpoint"])) {
    throw UserError("{}: damaged; remove it, and the next validation begins anew", file.string());
  }
  return BestCheckpoint{entry["checkpoint"], entry["figure"], entry["value"]};
}

}  // namespace samsr
