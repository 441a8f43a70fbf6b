#pragma once
// Checkpoints: a folder step-00001000/ with named parts, NAME.safetensors, and state.json (step, position in the data,
// seed, data, config, CRC of each file), complete or absent. The first trainable's parts are student, ema and
// optimizer.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/log.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/find_weights.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Name of the file of a part.
std::string checkpoint_file(const std::string& part);

struct Checkpoint {
  std::map<std::string, TensorFile> parts;  ///< "student", "ema", "optimizer", "discriminator", …
  std::int64_t step = 0;
  /// Samples drawn since training began. With `seed` it is the whole state of every random stream,
  /// because each number drawn is a function of (seed, purpose, position).
  std::uint64_t position = 0;
  std::uint64_t seed = 0;
  /// Samples in the data set, which the meaning of `position` depends on.
  std::uint64_t dataset_size = 0;
  std::map<std::string, std::string> data;  ///< SampleSet::checksums(); empty in files of earlier versions
  std::string config;                       ///< resolved YAML

  /// UserError naming `folder`, where the checkpoint lies, when it has no such part.
  const TensorFile& part(const std::string& name, const std::string& folder) const;
};

/// Writes OUT/step-NUMBER under a temporary name, renames it, points OUT/latest at it and removes all checkpoints
/// but the newest `keep` and the one that OUT/best names; folders that are none (is_checkpoint) stay. UserError when
/// the disk refuses; older checkpoints are then untouched.
void save_checkpoint(const std::filesystem::path& out, const Checkpoint& checkpoint, int keep);

/// Reads one checkpoint folder, checking every CRC. UserError that says what is damaged.
Checkpoint load_checkpoint(const std::filesystem::path& folder);

/// Folder of the newest whole checkpoint of a run; each damaged one is named in the log and passed over.
/// Empty when the run has none at all; UserError when all are damaged.
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& out, Log& log);

/// UserError when `out` holds a data set, or what a run would write there and no run: it is the user's.
void check_run_folder(const std::filesystem::path& out);

/// Moves the checkpoints and the log of an earlier run in `out` to out/previous-N, so that a fresh run
/// loses nothing. Returns that folder; empty when there was nothing to move.
std::filesystem::path set_aside_earlier_run(const std::filesystem::path& out);

}  // namespace samsr
