#include "models/super_resolution/tools/list_official_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>

#include "core/error.h"
#include "models/weights/sha256.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What is known of one official file here: "missing", or where it lies and, when asked, whether it is the one; if not,
/// it goes to `wrong`.
std::string presence(const OfficialFile& file, const std::optional<fs::path>& path, bool verify,
                     std::vector<std::string>& wrong) {
  if (!path) {
    return "missing";
  }
  if (!verify) {
    return path->string();
  }
  try {
    if (file.sha256.empty()) {
      read_weights(*path);
      return fmt::format("{} (whole, but cannot be verified: no SHA-256 is published)", path->string());
    }
    const std::string digest = sha256_of_file(*path);
    if (digest.starts_with(file.sha256)) {
      return fmt::format("{} (SHA-256 as published)", path->string());
    }
    wrong.push_back(path->string());
    return fmt::format("{} (SHA-256 {} is not the published one)", path->string(), digest);
  } catch (const UserError& error) {
    wrong.push_back(path->string());
    return error.what();
  }
}

}  // namespace

std::vector<std::string> list_official_files(const OfficialFiles& catalogue, bool verify, std::ostream& out) {
  if (verify) {
    catalogue.check_folder();
  }
  std::size_t present = 0;
  std::vector<std::string> wrong;
  for (const OfficialFile& file : catalogue.files()) {
    const std::optional<fs::path> path = catalogue.find(file.name);
    present += path ? 1 : 0;
    out << fmt::format("{:<32} {}\n", file.file, presence(file, path, verify, wrong));
    if (!file.row.empty()) {
      out << fmt::format("    table row: {}\n", file.row);
    }
    out << fmt::format("    for: {}\n    licence: {}\n    published: {}\n", file.purpose, file.licence, file.address);
    if (!file.sha256.empty()) {
      out << fmt::format("    SHA-256{}: {}\n", file.sha256.size() == 64 ? "" : " begins", file.sha256);
    }
  }
  out << fmt::format("{} of {} files are present; put others into {}{} (weights.folder, or SAMSR_WEIGHTS)\n", present,
                     catalogue.files().size(), (catalogue.folder() / "").string(),
                     fs::is_directory(catalogue.folder()) ? "" : ", which is no folder yet");
  return wrong;
}

}  // namespace samsr
