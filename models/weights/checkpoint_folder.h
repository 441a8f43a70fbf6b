#pragma once
// What lies in the folder of a run, for whoever reads its weights: checkpoints step-…/ with the averaged weights and
// state.json, which holds the CRC-32C of each file and of itself; and the file `best`. Training writes them.

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace samsr {

inline constexpr const char* kCheckpointFormat = "samsr-checkpoint/1";
inline constexpr const char* kCheckpointState = "state.json";
inline constexpr const char* kAveragedWeights = "ema.safetensors";
inline constexpr const char* kBestFile = "best";

/// Name of the folder of the checkpoint after `step` steps: step-00001000, with eight digits or more where it takes
/// more.
std::string checkpoint_name(std::int64_t step);

/// Folders of exactly such names of the run in `out`, newest first; none where there is no such folder.
std::vector<std::filesystem::path> checkpoint_folders(const std::filesystem::path& out);

/// CRC-32C of a state as state.json records it under "crc32c": of its text without that entry.
std::uint32_t checkpoint_state_crc(const nlohmann::json& state);

/// Whether `folder` holds the state.json of a checkpoint: one that says so, or, under a checkpoint's name, one that is
/// damaged.
bool holds_checkpoint_state(const std::filesystem::path& folder);

/// Whether training has written this folder, damaged or not: its state.json says format and step, and the step is that
/// of the name. Nothing else may be deleted.
bool is_checkpoint(const std::filesystem::path& folder);

/// state.json of a checkpoint, its own CRC checked and removed: numbers `step`, `position`, `seed`, `dataset_size`,
/// text `config`, and `files`, names in the folder with their CRCs. UserError when it is missing, damaged, or has
/// others.
nlohmann::json read_checkpoint_state(const std::filesystem::path& folder);
/// The same from the text of a state.json; `name` stands for the file in messages.
nlohmann::json parse_checkpoint_state(const std::string& text, const std::string& name);

/// UserError unless the file `name` is one of the checkpoint's and has the CRC that its `state` records.
void check_checkpoint_file(const std::filesystem::path& folder, const nlohmann::json& state, const std::string& name);

/// OUT/best of a run: which checkpoint its validation found best. That one is kept whatever train.keep says.
struct BestCheckpoint {
  std::string checkpoint;  ///< name of its folder in OUT
  std::string figure;
  double value = 0;
};

/// Empty when the run has none yet; UserError when the file is damaged or one of weights.
std::optional<BestCheckpoint> read_best(const std::filesystem::path& out);

}  // namespace samsr
