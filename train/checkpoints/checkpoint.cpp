#include "train/checkpoints/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "data/shards/manifest.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kExtension = ".safetensors";

/// Makes room for a checkpoint: one of the same step, which a run that was resumed before it left damaged, is removed;
/// whatever else has its name is renamed.
void clear_place(const fs::path& folder) {
  if (!fs::exists(fs::symlink_status(folder))) {
    return;
  }
  std::error_code ignored;
  if (is_checkpoint(folder)) {
    fs::remove_all(folder, ignored);
    return;
  }
  int number = 1;
  fs::path aside;
  do {
    aside = folder.string() + fmt::format("-set-aside-{}", number++);
  } while (fs::exists(fs::symlink_status(aside)));
  fs::rename(folder, aside, ignored);
}

/// What runs write into their folder, as far as it is there.
std::vector<fs::path> of_earlier_run(const fs::path& out) {
  std::vector<fs::path> earlier = checkpoint_folders(out);
  for (const char* name :
       {"best", "latest", "metrics.jsonl", "metrics.prom", "config.yaml", "run.yaml", "tensorboard", "validation"}) {
    if (fs::exists(out / name)) {
      earlier.push_back(out / name);
    }
  }
  return earlier;
}

}  // namespace

std::string checkpoint_file(const std::string& part) { return part + std::string(kExtension); }

const TensorFile& Checkpoint::part(const std::string& name, const std::string& folder) const {
  const auto found = parts.find(name);
  if (found == parts.end()) {
    throw UserError("{}: holds no {}, which this recipe trains; start afresh with train.resume=never", folder,
                    checkpoint_file(name));
  }
  return found->second;
}

void save_checkpoint(const fs::path& out, const Checkpoint& checkpoint, int keep) {
  make_folder(out);
  const fs::path folder = out / checkpoint_name(checkpoint.step);
  const fs::path temporary = temporary_name(folder);
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  try {
    make_folder(temporary);
    nlohmann::json state;
    state["format"] = kCheckpointFormat;
    state["step"] = checkpoint.step;
    state["position"] = checkpoint.position;
    state["epoch"] = checkpoint.position / std::max<std::uint64_t>(checkpoint.dataset_size, 1);
    state["seed"] = checkpoint.seed;
    state["dataset_size"] = checkpoint.dataset_size;
    state["data"] = checkpoint.data;
    state["config"] = shown_text(checkpoint.config);
    state["config_crc32c"] = crc32c(checkpoint.config.data(), checkpoint.config.size());
    for (const auto& [part, tensors] : checkpoint.parts) {
      const std::string file = checkpoint_file(part);
      write_safetensors(temporary / file, tensors);
      state["files"][file] = file_crc32c(temporary / file);
    }
    state["crc32c"] = checkpoint_state_crc(state);
    write_file_atomically(temporary / kCheckpointState, json_text(state, 2) + "\n");
    clear_place(folder);
    publish(temporary, folder);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
  write_file_atomically(out / "latest", folder.filename().string() + "\n");
  std::vector<fs::path> folders = checkpoint_folders(out);
  std::erase_if(folders, [](const fs::path& each) { return !is_checkpoint(each); });
  const std::optional<BestCheckpoint> best = read_best(out);
  for (std::size_t i = static_cast<std::size_t>(keep); i < folders.size(); ++i) {
    if (!best || folders[i].filename() != best->checkpoint) {
      fs::remove_all(folders[i], ignored);
    }
  }
}

Checkpoint load_checkpoint(const fs::path& folder) {
  const nlohmann::json state = read_checkpoint_state(folder);
  const JsonEntry entry = JsonEntry::of(state, (folder / kCheckpointState).string());
  Checkpoint checkpoint;
  for (const auto& [file, crc] : entry.object("files").items()) {
    check_checkpoint_file(folder, state, file);
    checkpoint.parts[file.substr(0, file.size() - kExtension.size())] = read_safetensors(folder / file);
  }
  checkpoint.step = static_cast<std::int64_t>(entry.count("step"));
  checkpoint.position = entry.count("position");
  checkpoint.seed = entry.count("seed");
  checkpoint.dataset_size = entry.count("dataset_size");
  if (entry.has("data")) {
    for (const auto& [dataset, checksum] : entry.object("data").items()) {
      checkpoint.data[dataset] = checksum.as_text();
    }
  }
  checkpoint.config = entry.text("config");
  return checkpoint;
}

std::optional<fs::path> newest_checkpoint(const fs::path& out, Log& log) {
  const std::vector<fs::path> folders = checkpoint_folders(out);
  for (const fs::path& folder : folders) {
    try {
      load_checkpoint(folder);
      return folder;
    } catch (const UserError& error) {
      log.warning("{}; the checkpoint before it is used", error.what());
    }
  }
  if (!folders.empty()) {
    throw UserError("{}: no checkpoint is whole; start afresh with train.resume=never", out.string());
  }
  return std::nullopt;
}

void check_run_folder(const fs::path& out) {
  const std::string what = fmt::format("train.out={}", out.string());
  if (fs::exists(manifest_path(out)) || !shards_in(out).empty()) {
    throw UserError("{}: holds a data set; training would replace its config.yaml; name another folder", what);
  }
  const std::vector<fs::path> earlier = of_earlier_run(out);
  const bool run = std::any_of(earlier.begin(), earlier.end(), [](const fs::path& each) {
    return each.filename() == "run.yaml" || each.filename() == "metrics.jsonl" || is_checkpoint(each);
  });
  if (!earlier.empty() && !run) {
    throw UserError("{}: {} belongs to no run, but training would replace it; move it, or name another folder", what,
                    earlier.front().string());
  }
}

fs::path set_aside_earlier_run(const fs::path& out) {
  const std::vector<fs::path> earlier = of_earlier_run(out);
  if (earlier.empty()) {
    return {};
  }
  int number = 1;
  while (fs::exists(out / fmt::format("previous-{}", number))) {
    ++number;
  }
  const fs::path folder = out / fmt::format("previous-{}", number);
  make_folder(folder);
  for (const fs::path& each : earlier) {
    fs::rename(each, folder / each.filename());
  }
  return folder;
}

}  // namespace samsr
