#include "models/weights/official_files.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "core/error.h"
#include "core/yaml_entry.h"
#include "embedded/weights_yaml.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Empty when none is.
std::string named_folder(const OfficialFilesSettings& settings) {
  return !settings.folder.empty() ? settings.folder : environment("SAMSR_WEIGHTS");
}

/// Where files go and are looked for, the first being the one to name in messages. The others are the places in
/// which PyTorch, pyiqa and CLIP keep their downloads.
std::vector<fs::path> weight_folders(const std::string& chosen) {
  std::vector<fs::path> folders{chosen.empty() ? fs::path("weights") : fs::path(chosen)};
  const std::string home = environment("HOME");
  const fs::path caches =
      !environment("XDG_CACHE_HOME").empty() ? fs::path(environment("XDG_CACHE_HOME")) : fs::path(home) / ".cache";
  const fs::path torch = !environment("TORCH_HOME").empty() ? fs::path(environment("TORCH_HOME")) : caches / "torch";
  folders.push_back(torch / "hub" / "checkpoints");
  folders.push_back(torch / "hub" / "pyiqa");
  folders.push_back(caches / "clip");
  return folders;
}

OfficialFile read_entry(YamlEntry& entry) {
  OfficialFile file;
  file.name = entry.text("name");
  file.file = entry.text("file");
  file.also = entry.texts("also");
  file.address = entry.text("address");
  file.sha256 = entry.optional_text("sha256");
  file.licence = entry.text("licence");
  file.purpose = entry.text("for");
  file.config = entry.optional_text("config");
  file.kind = entry.optional_text("kind");
  file.row = entry.optional_text("row");
  file.needs = entry.texts("needs");
  entry.finish();
  return file;
}

}  // namespace

void OfficialFilesSettings::bind(Settings& settings) {
  settings
      .add("weights.folder", folder,
           "folder of official weight files (`samsr weights list`); empty: $SAMSR_WEIGHTS, else weights")
      .path();
}

OfficialFiles::OfficialFiles(const OfficialFilesSettings& settings)
    : OfficialFiles(std::string(embedded::weights_yaml), "configs/weights.yaml", settings) {}

OfficialFiles::OfficialFiles(const std::string& yaml, const std::string& source, const OfficialFilesSettings& settings)
    : folder_named_(!named_folder(settings).empty()), folders_(weight_folders(named_folder(settings))) {
  for (const YAML::Node& node : yaml_catalogue(yaml, source, "files")) {
    YamlEntry fields(node, source);
    OfficialFile file = read_entry(fields);
    if (entry(file.name) != nullptr) {
      fields.fail("'" + file.name + "' is listed twice");
    }
    files_.push_back(std::move(file));
  }
  for (const OfficialFile& file : files_) {
    for (const std::string& needed : file.needs) {
      if (entry(needed) == nullptr) {
        throw UserError("{}: '{}' needs '{}', which is not listed", source, file.name, needed);
      }
    }
  }
}

void OfficialFiles::check_folder() const {
  if (folder_named_ && !fs::is_directory(folder())) {
    throw UserError("{}: no such folder; weights.folder or SAMSR_WEIGHTS names it", folder().string());
  }
}

const OfficialFile* OfficialFiles::entry(const std::string& name) const {
  const auto found = std::find_if(files_.begin(), files_.end(), [&](const OfficialFile& file) {
    return file.name == name || file.file == name ||
           std::find(file.also.begin(), file.also.end(), name) != file.also.end();
  });
  return found == files_.end() ? nullptr : &*found;
}

const OfficialFile& OfficialFiles::known(const std::string& name) const {
  const OfficialFile* found = entry(name);
  if (found == nullptr) {
    throw std::logic_error("the catalogue of weight files has no '" + name + "'");
  }
  return *found;
}

std::optional<fs::path> OfficialFiles::find(const std::string& name) const {
  const OfficialFile& file = known(name);
  std::vector<std::string> names{file.file};
  names.insert(names.end(), file.also.begin(), file.also.end());
  for (const fs::path& folder : folders_) {
    for (const std::string& each : names) {
      std::error_code unreadable;  // such as the cache of another user, under whose HOME the program runs
      if (fs::is_regular_file(folder / each, unreadable)) {
        return folder / each;
      }
    }
  }
  return std::nullopt;
}

std::string OfficialFiles::how_to_get(const std::string& name) const {
  const OfficialFile& file = known(name);
  return fmt::format("{} is missing: it is published at {}; put it into {}/", file.file, file.address,
                     folder().string());
}

}  // namespace samsr
