#include "models/weights/checkpoint_folder.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kCheckpointPrefix = "step-";

/// Empty for a name that checkpoint_name() does not give.
std::optional<std::int64_t> step_of_name(const std::string& name) {
  if (!name.starts_with(kCheckpointPrefix)) {
    return std::nullopt;
  }
  std::int64_t step = -1;
  std::from_chars(name.data() + kCheckpointPrefix.size(), name.data() + name.size(), step);
  return step >= 0 && name == checkpoint_name(step) ? std::optional(step) : std::nullopt;
}

}  // namespace

std::string checkpoint_name(std::int64_t step) { return fmt::format("{}{:08}", kCheckpointPrefix, step); }

std::vector<fs::path> checkpoint_folders(const fs::path& out) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(out, missing)) {
    const auto step = step_of_name(entry.path().filename().string());
    if (step && entry.is_directory(missing)) {
      found.emplace_back(*step, entry.path());
    }
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> folders;
  for (auto& [step, folder] : found) {
    folders.push_back(std::move(folder));
  }
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

bool is_checkpoint(const fs::path& folder) {
  const auto step = step_of_name(folder.filename().string());
  if (!step || fs::is_symlink(folder) || !fs::is_regular_file(folder / kCheckpointState)) {
    return false;
  }
  try {
    const nlohmann::json state = nlohmann::json::parse(read_file(folder / kCheckpointState), nullptr, false);
    return state.is_object() && state.contains("format") && state["format"] == kCheckpointFormat &&
           state.contains("step") && state["step"] == *step;
  } catch (const UserError&) {
    return false;
  }
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
