#include "data/photographs.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/crc32c.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/gather_json.h"
#include "data/image_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

Photograph look_at(const fs::path& path) {
  Photograph photograph;
  try {
    const std::string file = read_file(path);
    const ImageFile image = decode_image(file, path.string());
    photograph.checksum = crc32c(file.data(), file.size());
    photograph.width = image.rgb.cols;
    photograph.height = image.rgb.rows;
    photograph.converted = image.converted;
  } catch (const UserError& error) {
    photograph.problem = error.what();
  }
  return photograph;
}

nlohmann::json as_json(const Photograph& photograph) {
  return {photograph.width, photograph.height, photograph.checksum, photograph.converted, photograph.problem};
}

Photograph from_json(const nlohmann::json& json, std::string path) {
  return {std::move(path), json.at(0), json.at(1), json.at(2), json.at(3), json.at(4)};
}

void count_conversions(const std::string& converted, std::map<std::string, std::size_t>& counts) {
  for (const char* kind : {"grey", "16-bit", "CMYK", "alpha"}) {
    if (converted.find(kind) != std::string::npos) {
      ++counts[kind];
    }
  }
}

}  // namespace

std::string PhotographList::fingerprint() const {
  std::uint32_t hash = 0;
  for (const Photograph& photograph : usable) {
    const std::string line = fmt::format("{}\t{:08x}\n", photograph.path, photograph.checksum);
    hash = crc32c(line.data(), line.size(), hash);
  }
  return fmt::format("{:08x}", hash);
}

PhotographList scan_photographs(const fs::path& folder, int min_size, Communicator& comm, Log& log) {
  const std::vector<fs::path> paths = list_images(folder);
  const auto ranks = static_cast<std::size_t>(comm.size());
  Progress progress(log, "reading photographs", static_cast<std::int64_t>(paths.size()), "files");
  nlohmann::json mine = nlohmann::json::array();
  for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < paths.size(); i += ranks) {
    mine.push_back(as_json(look_at(paths[i])));
    progress.set(static_cast<std::int64_t>(std::min(i + ranks, paths.size())));
  }
  const std::vector<nlohmann::json> results = gather_results(comm, mine);
  PhotographList list;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    Photograph photograph = from_json(results[i], paths[i].lexically_relative(folder).generic_string());
    if (!photograph.problem.empty()) {
      ++list.unreadable;
      log.warning("left out: {}", photograph.problem);
    } else if (std::min(photograph.width, photograph.height) < min_size) {
      ++list.too_small;
      log.warning("left out: {}: {}×{} pixels, its shorter side is below data.min_size={}", paths[i].string(),
                  photograph.width, photograph.height, min_size);
    } else {
      count_conversions(photograph.converted, list.counts);
      list.usable.push_back(std::move(photograph));
    }
  }
  if (list.usable.empty()) {
    throw UserError("{}: none of its {} image files can be used ({} unreadable, {} too small); check data.images",
                    folder.string(), paths.size(), list.unreadable, list.too_small);
  }
  return list;
}

}  // namespace samsr
