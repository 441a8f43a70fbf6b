#include "eval/upscale/upscale_record.h"

#include <sys/stat.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/parallel.h"
#include "models/weights/load_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Hidden, so that who evaluates the folder finds pictures only.
constexpr const char* kRecord = ".samsr-upscale.yaml";
constexpr const char* kInputs = ".samsr-upscale-inputs";
constexpr const char* kInputsFormat = "samsr-upscale-inputs/1";

/// What the file system says of a picture: size and times of content and of any change, which nobody can set back.
std::string facts_of(const fs::path& picture) {
  struct stat status {};
  if (::stat(picture.c_str(), &status) != 0) {
    return "absent";
  }
  return fmt::format("{} {}.{:09} {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

/// Empty for a picture that cannot be read; its own message comes when it is its turn.
std::string content_of_picture(const fs::path& picture) {
  try {
    return fs::is_regular_file(picture) ? fmt::format("{} {:08x}", fs::file_size(picture), file_crc32c(picture)) : "";
  } catch (const std::exception&) {
    return "";
  }
}

std::string path_of_picture(const UpscaleJob& job) { return fs::absolute(job.in).lexically_normal().string(); }

/// Fields of a result in the file.
struct MadeFrom {
  std::string path;
  std::string facts;
  std::string content;
};

std::string packed(const MadeFrom& from) { return join_fields({from.path, from.facts, from.content}); }

MadeFrom unpacked(const std::string& text) {
  const std::vector<std::string> fields = split_fields(text);
  return fields.size() == 3 ? MadeFrom{fields[0], fields[1], fields[2]} : MadeFrom{};
}

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

UpscaleInputs::UpscaleInputs(const fs::path& folder, const std::vector<UpscaleJob>& jobs)
    : folder_(folder), jobs_(jobs), same_(jobs.size(), 0) {
  if (!fs::is_regular_file(folder / kInputs)) {
    return;
  }
  const std::vector<std::string> fields = split_fields(read_file(folder / kInputs));
  constexpr std::size_t kFields = 4;
  if (fields.empty() || fields.front() != kInputsFormat || fields.size() % kFields != 1) {
    return;
  }
  for (std::size_t i = 1; i < fields.size(); i += kFields) {
    stored_[fields[i]] = packed({fields[i + 1], fields[i + 2], fields[i + 3]});
  }
  in_parallel(static_cast<std::int64_t>(jobs.size()), [&](std::int64_t number) {
    const UpscaleJob& job = jobs[static_cast<std::size_t>(number)];
    const auto known = stored_.find(job.out.lexically_relative(folder_).string());
    if (known == stored_.end()) {
      return;
    }
    const MadeFrom from = unpacked(known->second);
    const bool untouched = from.path == path_of_picture(job) && from.facts == facts_of(job.in);
    same_[static_cast<std::size_t>(number)] =
        untouched || (!from.content.empty() && from.content == content_of_picture(job.in)) ? 1 : 0;
  });
}

void UpscaleInputs::write() {
  std::vector<MadeFrom> now(jobs_.size());
  in_parallel(static_cast<std::int64_t>(jobs_.size()), [&](std::int64_t number) {
    const auto index = static_cast<std::size_t>(number);
    const UpscaleJob& job = jobs_[index];
    const auto known = stored_.find(job.out.lexically_relative(folder_).string());
    // Facts before content: a picture that is replaced in between is seen to be another the next time.
    now[index] = {path_of_picture(job), facts_of(job.in), {}};
    now[index].content = same_[index] != 0 ? unpacked(known->second).content : content_of_picture(job.in);
  });
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    stored_[jobs_[i].out.lexically_relative(folder_).string()] = packed(now[i]);
  }
  std::string text = join_fields({kInputsFormat});
  for (const auto& [result, from] : stored_) {
    text += join_fields({result}) + from;
  }
  write_file_atomically(folder_ / kInputs, text);
}

std::vector<char> kept_results(const fs::path& folder, const std::vector<UpscaleJob>& jobs, const UpscaleInputs& inputs,
                               const std::string& record, bool resume, Log& log) {
  std::vector<char> kept(jobs.size(), 0);
  if (!resume) {
    return kept;
  }
  std::size_t present = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (fs::exists(jobs[i].out)) {
      ++present;
      kept[i] = inputs.is_from_picture(i) ? 1 : 0;
    }
  }
  const char* advice = "name another folder, or set upscale.resume=false to replace them";
  if (fs::exists(folder / kRecord)) {
    const auto differences = settings_differences(read_file(folder / kRecord), (folder / kRecord).string(), record);
    if (!differences.empty()) {
      throw UserError("{}: holds results of other settings ({}); {}", folder.string(), first_of(differences), advice);
    }
  } else if (present > 0) {
    throw UserError("{}: holds {} of the {} results already, and no record of how they were made; {}", folder.string(),
                    present, jobs.size(), advice);
  }
  if (present > 0 && inputs.unknown()) {
    log.info("{}: {} results of an earlier version do not say which pictures they were made from: made again",
             folder.string(), present);
  }
  return kept;
}

void prepare_results(const fs::path& folder, const std::vector<UpscaleJob>& jobs, const std::vector<char>& kept,
                     UpscaleInputs& inputs, const std::string& record) {
  std::set<fs::path> folders{folder};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    folders.insert(jobs[i].out.parent_path());
    std::error_code reason;
    const bool file = !fs::is_directory(jobs[i].out, reason);  // a folder in its place is that picture's own error
    if (kept[i] == 0 && file && !fs::remove(jobs[i].out, reason) && reason) {
      throw UserError("{}: cannot be replaced: {}", jobs[i].out.string(), reason.message());
    }
  }
  for (const fs::path& each : folders) {
    make_folder(each);
    clean_temporaries(each);
  }
  inputs.write();
  write_file_atomically(folder / kRecord, record);
}

}  // namespace samsr
