#include "models/tools/list_official_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>

#include "models/weights/sha256.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What is known of one official file here: "missing", or where it lies and, when asked, whether it is the one.
std::string presence(const OfficialFile& file, const std::optional<fs::path>& path, bool verify) {
  if (!path) {
    return "missing";
  }
  if (!verify || file.sha256.empty()) {
    return path->string();
  }
  const std::string digest = sha256_of_file(*path);
  return fmt::format(
      "{} ({})", path->string(),
      digest.starts_with(file.sha256) ? "SHA-256 as published" : "SHA-256 " + digest + " is not the published one");
}

}  // namespace

void list_official_files(const OfficialFiles& catalogue, bool verify, std::ostream& out) {
  std::size_t present = 0;
  for (const OfficialFile& file : catalogue.files()) {
    const std::optional<fs::path> path = catalogue.find(file.name);
    present += path ? 1 : 0;
    out << fmt::format("{:<32} {}\n", file.file, presence(file, path, verify));
    out << fmt::format("    for: {}\n    licence: {}\n    published: {}\n", file.purpose, file.licence, file.address);
    if (!file.sha256.empty()) {
      out << fmt::format("    SHA-256{}: {}\n", file.sha256.size() == 64 ? "" : " begins", file.sha256);
    }
  }
  out << fmt::format("{} of {} files are present; put others into {}/ (weights.folder, or SAMSR_WEIGHTS)\n", present,
                     catalogue.files().size(), catalogue.folder().string());
}

}  // namespace samsr
