#include "data/tools/regenerate.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstring>

#include "comm/hold_folder.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "data/build/settings.h"
#include "data/build/single_threaded.h"
#include "data/build/stages/pair_maker.h"
#include "data/build/stages/sample_images.h"
#include "data/images/image_file.h"
#include "data/photographs/scan.h"
#include "data/shards/content.h"
#include "data/shards/shard_set.h"
#include "data/tools/pair_folder.h"
#include "data/tools/stored_sample.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

BuildSettings settings_of(const ShardSet& shards) {
  const StageContents contents = split_content(shards.header().content);
  if (!contents.contains("pairs") || shards.find("hr") == nullptr || shards.find("lr") == nullptr) {
    throw UserError("{}: the shards do not tell how their pairs were made", shards.folder().string());
  }
  BuildSettings settings;
  Settings registry;
  settings.bind(registry);
  registry.load_text(config_of_content(contents.at("pairs")), shards.shards().front().path().string());
  return settings;
}

[[noreturn]] void damaged(const ShardSet& shards, std::uint64_t index, std::string_view field) {
  throw UserError("{}: {} is damaged: its checksum does not match", shards.where(index), field);
}

std::string stored_source(const ShardSet& shards, std::uint64_t index) {
  auto source = shards.read_text(index, kSourceField);
  if (!source) {
    damaged(shards, index, kSourceField);
  }
  return *std::move(source);
}

/// The photograph that a record names, in the folder of photographs: a data set may come from a stranger, and a name
/// that leads out of the folder would make it read any picture of the user. UserError for such a name; a link that the
/// folder itself has is followed, and said.
fs::path photograph_below(const fs::path& folder, const std::string& image, const std::string& where, Log& log) {
  const fs::path name(image);
  if (image.empty() || name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end()) {
    throw UserError("{}: its photograph '{}' is not below {}; only photographs of that folder are read", where,
                    printable(image), folder.string());
  }
  const fs::path path = folder / name;
  if (!is_within(path, folder)) {
    log.warning("{} is a link to {}, outside {}", path.string(), fs::weakly_canonical(path).string(), folder.string());
  }
  return path;
}

bool is_stored(const at::Tensor& made, const ShardSet& shards, std::uint64_t index, std::string_view field) {
  std::string bytes(shards.find(field)->bytes, '\0');
  if (!shards.read(index, field, bytes.data())) {
    damaged(shards, index, field);
  }
  return made.nbytes() == bytes.size() && std::memcmp(made.const_data_ptr(), bytes.data(), bytes.size()) == 0;
}

/// "hr", "lr" or "source", whichever differs first; empty when all are the same.
std::string first_difference_of(const Sample& made, const ShardSet& shards, std::uint64_t index) {
  for (const char* field : {"hr", "lr"}) {
    if (!is_stored(made.field(field), shards, index, field)) {
      return field;
    }
  }
  return *made.text(kSourceField) == stored_source(shards, index) ? "" : std::string(kSourceField);
}

}  // namespace

void regenerate_pair(const fs::path& folder, std::uint64_t index, const fs::path& out, const fs::path& images,
                     Log& log) {
  const SingleThreaded single_threaded;
  const ShardSet shards(folder);
  if (index >= shards.size()) {
    throw UserError("--index {}: {} holds samples 0 to {}", index, folder.string(), shards.size() - 1);
  }
  const BuildSettings settings = settings_of(shards);
  const std::string image = photograph_of(JsonEntry::parse(stored_source(shards, index), shards.where(index)));
  fs::path photographs = images;
  if (photographs.empty()) {
    if (!fs::exists(photograph_index_path(folder))) {
      throw UserError("{}: missing, so where the photographs lie is not known; give data.images=DIR",
                      photograph_index_path(folder).string());
    }
    photographs = PhotographIndex(photograph_index_path(folder)).summary().folder;
  }
  const cv::Mat photograph = read_image(photograph_below(photographs, image, shards.where(index), log)).rgb;
  const Sample made = PairMaker(settings.data, settings.degradation).make(index, photograph, image);
  if (is_within(photographs, out)) {
    throw UserError("--out {}: the photographs lie there ({}), and could be replaced; name another folder",
                    out.string(), photographs.string());
  }
  const auto held = hold_folder(out, "data regenerate", log);
  PairFolder pairs(out, shards);
  pairs.add(index);
  pairs.write(index, stored_image(made, "lr"), stored_image(made, "hr"));
  if (const std::string field = first_difference_of(made, shards, index); !field.empty()) {
    throw UserError(
        "pair {} is not the stored one: {} differs; {} is not the photograph it was made from, or another "
        "version of samsr made it ({})",
        index, field, (photographs / image).string(), shards.header().tool);
  }
  log.info("pair {} from {}: identical to the stored one; {} in {}", index, (photographs / image).string(),
           PairFolder::name_of_pair(index), out.string());
}

}  // namespace samsr
