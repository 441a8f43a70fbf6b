#include "eval/upscale/upscale_record.h"

#include <torch/torch.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_text.h"
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

struct RecordedNetwork {
  std::uint32_t checksum;
  std::string kind;
  std::int64_t scale;
};

/// The record of `network` and `settings`, and of what `bind_others` adds.
std::string record_of(RecordedNetwork network, UpscaleSettings& settings,
                      const std::function<void(Settings&)>& bind_others) {
  const UpscaleSettings defaults;
  settings.tiles.batch = defaults.tiles.batch;
  settings.resume = defaults.resume;
  Settings registry;
  std::string checksum = fmt::format("{:08x}", network.checksum);
  registry.add("network.checksum", checksum, "CRC-32C of the network's weights");
  registry.add("network.kind", network.kind, "what it was trained for");
  registry.add("network.scale", network.scale, "factor");
  settings.bind(registry);
  bind_others(registry);
  return "# What the pictures of this folder were made with, by samsr upscale; it goes on only with the same.\n" +
         registry.to_yaml();
}

}  // namespace

std::string upscale_record(LoadedModel& loaded, UpscaleSettings settings, std::optional<MaskSettings> masks) {
  ModelSettings model = loaded.model->settings();
  return record_of({weights_checksum(state_of(*loaded.model->unet())), std::string(loaded.method->kind), model.scale},
                   settings, [&](Settings& registry) {
                     model.bind(registry);
                     if (masks) {
                       masks->bind(registry);
                     }
                   });
}

std::string upscale_record(const PeerModel& model, UpscaleSettings settings) {
  return record_of({model.checksum(), model.traits().network, model.traits().scale}, settings, [](Settings&) {});
}

ResultFolder::ResultFolder(fs::path folder, const std::vector<UpscaleJob>& jobs, std::string record)
    : folder_(std::move(folder)),
      jobs_(jobs),
      record_(std::move(record)),
      known_(read_made_results(folder_)),
      states_(states_of(folder_, jobs, known_)) {
  has_record_ = fs::exists(folder_ / kRecord);
  if (has_record_) {
    differences_ = settings_differences(read_file(folder_ / kRecord), (folder_ / kRecord).string(), record_);
  }
}

void ResultFolder::check() const {
  const char* advice = "name another folder, or set upscale.resume=false to replace them";
  if (!differences_.empty()) {
    throw UserError("{}: holds results of other settings ({}); {}", folder_.string(), first_of(differences_), advice);
  }
  std::vector<fs::path> unknown;
  std::size_t present = 0;
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    present += states_[i] == ResultState::kAbsent ? 0 : 1;
    if (states_[i] == ResultState::kUnknown) {
      unknown.push_back(jobs_[i].out);
    }
  }
  if (!has_record_ && present > 0) {
    throw UserError("{}: holds {} of the {} results already, and no record of how they were made; {}", folder_.string(),
                    present, jobs_.size(), advice);
  }
  if (!unknown.empty()) {
    throw UserError(
        "{}{}: not made by samsr upscale, or changed since, and would be replaced; move it away, name another folder, "
        "or set upscale.resume=false",
        one_line(unknown.front().string()), unknown.size() == 1 ? "" : fmt::format(" and {} more", unknown.size() - 1));
  }
}

std::vector<char> ResultFolder::prepare(bool resume) {
  std::vector<char> kept(jobs_.size(), 0);
  const auto make_again = [](MadeResult& made) { made.content.clear(); };
  if (!differences_.empty() || !has_record_) {
    for (auto& [result, made] : known_) {
      make_again(made);
    }
  }
  std::set<fs::path> folders{folder_};
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    folders.insert(jobs_[i].out.parent_path());
    kept[i] = resume && states_[i] == ResultState::kKept ? 1 : 0;
    if (!resume) {
      const auto [first, last] = known_.equal_range(name_of_result(folder_, jobs_[i]));
      std::for_each(first, last, [&](auto& entry) { make_again(entry.second); });
    }
  }
  for (const fs::path& each : folders) {
    make_folder(each);
    clean_temporaries(each);
  }
  // In this order: what was made with other settings is known to be so before the settings change.
  write_made_results(folder_, known_);
  write_file_atomically(folder_ / kRecord, record_);
  return kept;
}

void ResultFolder::finish(const MadeResults& made) {
  for (const auto& [result, each] : made) {
    known_.erase(result);
  }
  known_.insert(made.begin(), made.end());
  write_made_results(folder_, known_);
}

}  // namespace samsr
