#include "eval/upscale/upscale_record.h"

#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/load_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Hidden, so that who evaluates the folder finds pictures only.
constexpr const char* kRecord = ".samsr-upscale.yaml";

/// One of them, rather of what a user sets than of what follows from it, and how many more.
std::string first_of(std::vector<std::string> differences) {
  std::stable_partition(differences.begin(), differences.end(), [](const std::string& text) {
    return text.starts_with("network.") || text.starts_with("upscale.");
  });
  return differences.size() == 1 ? differences.front()
                                 : fmt::format("{} and {} more", differences.front(), differences.size() - 1);
}

}  // namespace

std::string upscale_record(LoadedModel& loaded, UpscaleSettings settings, std::optional<MaskSettings> masks) {
  const UpscaleSettings defaults;
  settings.tiles.batch = defaults.tiles.batch;
  settings.resume = defaults.resume;
  ModelSettings model = loaded.model->settings();
  Settings registry;
  std::string kind(loaded.method->kind);
  std::string checksum = fmt::format("{:08x}", weights_checksum(state_of(*loaded.model->unet())));
  registry.add("network.checksum", checksum, "CRC-32C of the network's weights");
  registry.add("network.kind", kind, "what it was trained for");
  registry.add("network.scale", model.scale, "factor");
  model.bind(registry);
  settings.bind(registry);
  if (masks) {
    masks->bind(registry);
  }
  return "# What the pictures of this folder were made with, by samsr upscale; it goes on only with the same.\n" +
         registry.to_yaml();
}

std::vector<char> kept_results(const fs::path& folder, const std::vector<UpscaleJob>& jobs, const std::string& record,
                               bool resume) {
  std::vector<char> kept(jobs.size(), 0);
  if (!resume) {
    return kept;
  }
  std::size_t present = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (fs::exists(jobs[i].out)) {
      ++present;
      kept[i] = fs::last_write_time(jobs[i].out) >= fs::last_write_time(jobs[i].in) ? 1 : 0;
    }
  }
  const char* advice = "name another folder, or set upscale.resume=false to replace them";
  if (fs::exists(folder / kRecord)) {
    const auto differences = settings_differences(read_file(folder / kRecord), record);
    if (!differences.empty()) {
      throw UserError("{}: holds results of other settings ({}); {}", folder.string(), first_of(differences), advice);
    }
  } else if (present > 0) {
    throw UserError("{}: holds {} of the {} results already, and no record of how they were made; {}", folder.string(),
                    present, jobs.size(), advice);
  }
  return kept;
}

void prepare_results(const fs::path& folder, const std::vector<UpscaleJob>& jobs, const std::vector<char>& kept,
                     const std::string& record) {
  std::set<fs::path> folders{folder};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    folders.insert(jobs[i].out.parent_path());
    std::error_code reason;
    if (kept[i] == 0 && !fs::remove(jobs[i].out, reason) && reason) {
      throw UserError("{}: cannot be replaced: {}", jobs[i].out.string(), reason.message());
    }
  }
  for (const fs::path& each : folders) {
    make_folder(each);
    clean_temporaries(each);
  }
  write_file_atomically(folder / kRecord, record);
}

}  // namespace samsr
