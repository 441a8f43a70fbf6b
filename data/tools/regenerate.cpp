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
#include "data/photographs/recorded.h"
#include "data/photographs/scan.h"
#include "data/shards/content.h"
#include "data/shards/shard_set.h"
#include "data/tools/pair_folder.h"
#include "data/tools/stored_sample.h"

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

/// Where the photographs of a data set lie: `images`, or where the build found them.
PhotographSources recorded_sources(const fs::path& folder, const PhotographSources& images) {
  if (!images.empty()) {
    return images;
  }
  if (!fs::exists(photograph_index_path(folder))) {
    throw UserError("{}: missing, so where the photographs lie is not known; give data.images=DIR",
                    photograph_index_path(folder).string());
  }
  return PhotographIndex(photograph_index_path(folder)).summary().sources;
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

void regenerate_pair(const fs::path& folder, std::uint64_t index, const fs::path& out, const PhotographSources& images,
                     Log& log) {
  const SingleThreaded single_threaded;
  const ShardSet shards(folder);
  if (index >= shards.size()) {
    throw UserError("--index {}: {} holds samples 0 to {}", index, folder.string(), shards.size() - 1);
  }
  const BuildSettings settings = settings_of(shards);
  const JsonEntry record = JsonEntry::parse(stored_source(shards, index), shards.where(index));
  const std::string image = photograph_of(record);
  const std::optional<std::uint32_t> source = source_of_photograph(record);
  const PhotographSources sources = recorded_sources(folder, images);
  const std::string file = RecordedPhotographs(sources, log).read(image, source.value_or(0), shards.where(index));
  const cv::Mat photograph = decode_image(file, image).rgb;
  const Sample made = PairMaker(settings.data, settings.degradation).make(index, photograph, image, source);
  for (const PhotographSource& each : sources) {
    if (is_within(each.path, out)) {
      throw UserError("--out {}: the photographs lie there ({}), and could be replaced; name another folder",
                      out.string(), each.path);
    }
  }
  const std::string name = (root_of_source(sources[source.value_or(0)].path) / image).string();
  const auto held = hold_folder(out, "data regenerate", log);
  PairFolder pairs(out, shards);
  pairs.add(index);
  pairs.write(index, stored_image(made, "lr"), stored_image(made, "hr"));
  if (const std::string field = first_difference_of(made, shards, index); !field.empty()) {
    throw UserError(
        "pair {} is not the stored one: {} differs; {} is not the photograph it was made from, or another "
        "version of samsr made it ({})",
        index, field, name, shards.header().tool);
  }
  log.info("pair {} from {}: identical to the stored one; {} in {}", index, name, PairFolder::name_of_pair(index),
           out.string());
}

}  // namespace samsr
