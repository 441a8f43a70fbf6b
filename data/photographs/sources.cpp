#include "data/photographs/sources.h"

#include <algorithm>

#include "core/nested_paths.h"
#include "core/output.h"
#include "core/user_path.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

PhotographSource source_of(const YAML::Node& node) {
  PhotographSource source;
  if (!node.IsMap()) {
    read_value(node, source.path);
  } else {
    for (const auto& pair : node) {
      const std::string key = pair.first.Scalar();
      if (key == "path") {
        read_value(pair.second, source.path);
      } else if (key == "weight") {
        read_value(pair.second, source.weight);
        if (source.weight <= 0) {
          throw BadValue("a weight is above 0");
        }
      } else {
        throw BadValue("a source has a path and a weight: {path: DIR, weight: 2}");
      }
    }
  }
  if (source.path.empty()) {
    throw BadValue("a source needs a path");
  }
  source.path = user_path(source.path);
  return source;
}

PhotographSources sources_of(const YAML::Node& node) {
  if (node.IsSequence()) {
    std::vector<PhotographSource> list;
    for (const YAML::Node& element : node) {
      list.push_back(source_of(element));
    }
    return list;
  }
  if (node.IsMap()) {
    return std::vector{source_of(node)};
  }
  std::string path;
  read_value(node, path);
  return user_path(path);
}

YAML::Node node_of(const PhotographSources& sources) {
  if (sources.size() <= 1 && !sources.weighted()) {
    return YAML::Node(sources.empty() ? std::string() : sources[0].path);
  }
  YAML::Node list(YAML::NodeType::Sequence);
  for (const PhotographSource& source : sources) {
    YAML::Node each(source.path);
    if (source.weight > 0) {
      each = YAML::Node(YAML::NodeType::Map);
      each["path"] = source.path;
      each["weight"] = fmt::format("{}", source.weight);
    }
    list.push_back(each);
  }
  return list;
}

}  // namespace

PhotographSources::PhotographSources(std::string path) {
  if (!path.empty()) {
    list_.push_back({std::move(path), 0});
  }
}

PhotographSources::PhotographSources(std::vector<PhotographSource> sources) : list_(std::move(sources)) {
  for (const PhotographSource& source : list_) {
    if ((source.weight > 0) != weighted()) {
      throw UserError("'{}' has a weight and '{}' has none; give every source one, or none of them",
                      (weighted() ? list_.front() : source).path, (weighted() ? source : list_.front()).path);
    }
  }
}

void PhotographSources::bind(Settings& settings, const std::string& key, const std::string& help) {
  Settings::Entry entry;
  entry.key = key;
  entry.help = help;
  entry.type = "path, or list of paths and of {path: PATH, weight: NUMBER}";
  entry.list = true;
  entry.assign = [this](const YAML::Node& node) { *this = sources_of(node); };
  entry.current = [this] { return node_of(*this); };
  settings.add_entry(std::move(entry));
}

std::string PhotographSources::text() const {
  std::string text;
  for (const PhotographSource& source : list_) {
    text += (text.empty() ? "" : ", ") + source.path;
  }
  return text;
}

PhotographSources PhotographSources::absolute() const {
  PhotographSources all = *this;
  for (PhotographSource& source : all.list_) {
    source.path = absolute_path(source.path).string();
  }
  return all;
}

bool is_archive_name(const fs::path& path) {
  const std::string extension = extension_of(path);
  return extension == ".tar" || extension == ".zip";
}

SourceKind kind_of_source(const fs::path& path) {
  std::error_code unseen;
  const fs::file_status status = fs::status(path, unseen);
  if (fs::is_directory(status)) {
    return SourceKind::kFolder;
  }
  if (status.type() == fs::file_type::not_found) {
    throw UserError("{}: no such folder or file; check the path of the images", path.string());
  }
  if (unseen) {
    throw UserError("{}: cannot be read: {}", path.string(), unseen.message());
  }
  const std::string extension = extension_of(path);
  if (fs::is_regular_file(status) && is_archive_name(path)) {
    return SourceKind::kArchive;
  }
  if (fs::is_regular_file(status) && extension == ".txt") {
    return SourceKind::kList;
  }
  for (const char* packed : {".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".lz4", ".txz"}) {
    if (extension == packed) {
      throw UserError(
          "{}: is compressed as a whole, so that no picture in it can be read by itself; decompress it to a .tar "
          "(gunzip, unxz, …), or unpack it",
          path.string());
    }
  }
  throw UserError("{}: is a file; a folder of images, a .tar, a .zip, or a list of paths (.txt) is needed",
                  path.string());
}

fs::path root_of_source(const fs::path& path) {
  return kind_of_source(path) == SourceKind::kFolder ? path : path.parent_path();
}

std::vector<fs::path> roots_of(const PhotographSources& sources) {
  std::vector<fs::path> roots;
  for (const PhotographSource& source : sources) {
    roots.push_back(root_of_source(source.path));
  }
  return roots;
}

}  // namespace samsr
