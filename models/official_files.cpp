#include "models/official_files.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "core/error.h"
#include "core/nearest_name.h"
#include "embedded/weights_yaml.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Where files go and are looked for, the first being the one to name in messages. The others are the places in
/// which PyTorch, pyiqa and CLIP keep their downloads.
std::vector<fs::path> weight_folders(const std::string& folder) {
  const std::string chosen = !folder.empty() ? folder : environment("SAMSR_WEIGHTS");
  std::vector<fs::path> folders{chosen.empty() ? fs::path("weights") : fs::path(chosen)};
  const std::string home = environment("HOME");
  const fs::path caches = !environment("XDG_CACHE_HOME").empty() ? fs::path(environment("XDG_CACHE_HOME"))
                                                                 : fs::path(home) / ".cache";
  const fs::path torch = !environment("TORCH_HOME").empty() ? fs::path(environment("TORCH_HOME")) : caches / "torch";
  folders.push_back(torch / "hub" / "checkpoints");
  folders.push_back(torch / "hub" / "pyiqa");
  folders.push_back(caches / "clip");
  return folders;
}

/// One entry's fields; whatever is not asked for by the end is a mistake.
class EntryReader {
 public:
  EntryReader(const YAML::Node& node, std::string source) : node_(node), source_(std::move(source)) {
    if (!node.IsMap()) {
      throw UserError("{}:{}: expected an entry with name, file, address, licence and for", source_, line(node));
    }
  }

  std::string text(const std::string& key, bool required) {
    asked_.push_back(key);
    const YAML::Node value = node_[key];
    if (!value && required) {
      throw UserError("{}:{}: an entry lacks '{}'", source_, line(node_), key);
    }
    if (value && !value.IsScalar()) {
      throw UserError("{}:{}: {}: expected text", source_, line(value), key);
    }
    return value ? value.as<std::string>() : std::string();
  }

  std::vector<std::string> list(const std::string& key) {
    asked_.push_back(key);
    const YAML::Node value = node_[key];
    if (value && !value.IsSequence()) {
      throw UserError("{}:{}: {}: expected a list", source_, line(value), key);
    }
    return value ? value.as<std::vector<std::string>>() : std::vector<std::string>();
  }

  void finish() const {
    for (const auto& field : node_) {
      const auto key = field.first.as<std::string>();
      if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
        const std::string near = nearest_name(key, asked_);
        throw UserError("{}:{}: unknown field '{}'{}", source_, line(field.first), key,
                        near.empty() ? "" : ", did you mean '" + near + "'?");
      }
    }
  }

 private:
  static int line(const YAML::Node& node) { return node.Mark().line + 1; }

  const YAML::Node node_;
  const std::string source_;
  std::vector<std::string> asked_;
};

OfficialFile read_entry(const YAML::Node& node, const std::string& source) {
  EntryReader reader(node, source);
  OfficialFile file;
  file.name = reader.text("name", /*required=*/true);
  file.file = reader.text("file", /*required=*/true);
  file.also = reader.list("also");
  file.address = reader.text("address", /*required=*/true);
  file.sha256 = reader.text("sha256", /*required=*/false);
  file.licence = reader.text("licence", /*required=*/true);
  file.purpose = reader.text("for", /*required=*/true);
  file.config = reader.text("config", /*required=*/false);
  file.kind = reader.text("kind", /*required=*/false);
  file.needs = reader.list("needs");
  reader.finish();
  return file;
}

}  // namespace

void OfficialFilesSettings::bind(Settings& settings) {
  settings.add("weights.folder", folder,
               "folder of official weight files (`samsr weights list`); empty: $SAMSR_WEIGHTS, else weights");
}

OfficialFiles::OfficialFiles(const OfficialFilesSettings& settings)
    : OfficialFiles(std::string(embedded::weights_yaml), "configs/weights.yaml", settings) {}

OfficialFiles::OfficialFiles(const std::string& yaml, const std::string& source,
                             const OfficialFilesSettings& settings)
    : folders_(weight_folders(settings.folder)) {
  YAML::Node root;
  try {
    root = YAML::Load(yaml);
  } catch (const YAML::Exception& error) {
    throw UserError("{}:{}: {}", source, error.mark.line + 1, error.msg);
  }
  if (!root.IsMap() || !root["files"] || !root["files"].IsSequence()) {
    throw UserError("{}: expected a list called 'files'", source);
  }
  for (const YAML::Node& node : root["files"]) {
    OfficialFile file = read_entry(node, source);
    if (entry(file.name) != nullptr) {
      throw UserError("{}:{}: '{}' is listed twice", source, node.Mark().line + 1, file.name);
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
      if (fs::is_regular_file(folder / each)) {
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
