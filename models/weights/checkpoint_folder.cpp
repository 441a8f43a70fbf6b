#include "models/weights/checkpoint_folder.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "models/weights/weight_file.h"

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

/// Whether `name` can only be an entry of the folder it is looked up in.
bool stays_in_folder(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && fs::path(name) == fs::path(name).filename();
}

/// Whether the text of a state.json is this program's; nothing else of it is looked at.
bool says_checkpoint(const nlohmann::json& state) {
  return state.is_object() && state.contains("format") && state["format"] == kCheckpointFormat;
}

/// Checks what is read of a state, and its type. Its CRC is no defence: whoever wrote it can do so again.
void check_state(const JsonEntry& state) {
  constexpr std::uint64_t kMostSteps = 1'000'000'000'000'000;
  if (state.text("format", "") != kCheckpointFormat) {
    state.fail(fmt::format("not the state of a checkpoint of this program ({})", kCheckpointFormat));
  }
  state.text("config");
  for (const char* key : {"step", "position", "seed", "dataset_size", "crc32c"}) {
    state.count(key);
  }
  if (state.count("step") > kMostSteps) {
    state.fail("no run has that many steps");
  }
  for (const auto& [name, crc] : state.object("files").items()) {
    crc.as_count();
    if (!stays_in_folder(name) || !name.ends_with(".safetensors")) {
      crc.fail("no weights file of this folder");
    }
  }
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
  const std::string text = json_text(state);
  return crc32c(text.data(), text.size());
}

bool holds_checkpoint_state(const fs::path& folder) {
  const fs::path file = folder / kCheckpointState;
  if (!fs::is_regular_file(file)) {
    return false;
  }
  return step_of_name(folder.filename().string()) ||  // also where the file is damaged
         says_checkpoint(nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false));
}

nlohmann::json read_checkpoint_state(const fs::path& folder) {
  const fs::path file = folder / kCheckpointState;
  return parse_checkpoint_state(read_file(file), file.string());
}

nlohmann::json parse_checkpoint_state(const std::string& text, const std::string& name) {
  const JsonEntry entry = JsonEntry::parse(text, name);
  check_state(entry);
  const std::uint64_t recorded = entry.count("crc32c");
  nlohmann::json state = entry.value();
  state.erase("crc32c");
  if (checkpoint_state_crc(state) != recorded) {
    throw UserError("{}: damaged: its CRC does not match", name);
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
    return says_checkpoint(state) && state.contains("step") && state["step"] == *step;
  } catch (const UserError&) {
    return false;
  }
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
  if (fs::is_regular_file(file) && is_weights_file(file)) {
    throw UserError(
        "{}: is a file of weights, where training writes which checkpoint is the best; give it another name",
        file.string());
  }
  try {
    const JsonEntry entry = JsonEntry::parse(read_file(file), file.string());
    if (!stays_in_folder(entry.text("checkpoint"))) {
      entry.fail("its checkpoint is no folder beside it");
    }
    return BestCheckpoint{entry.text("checkpoint"), entry.text("figure"), entry.number("value")};
  } catch (const UserError& error) {
    throw UserError(
        "{}; training writes which checkpoint is the best there: move the file away, and the next validation begins "
        "anew",
        error.what());
  }
}

}  // namespace samsr
