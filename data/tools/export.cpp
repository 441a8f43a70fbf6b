#include "data/tools/export.h"

#include <opencv2/core.hpp>

#include "comm/hold_folder.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/images/image_file.h"
#include "data/photographs/scan.h"
#include "data/shards/shard_set.h"

namespace samsr {
namespace {

cv::Mat read_picture(const ShardSet& shards, std::uint64_t index, std::string_view field) {
  const ShardField* description = shards.find(field);
  if (description == nullptr) {
    throw UserError("{}: the shards have no {}", shards.folder().string(), field);
  }
  cv::Mat picture(static_cast<int>(description->shape[0]), static_cast<int>(description->shape[1]), CV_8UC3);
  if (!shards.read(index, field, picture.data)) {
    throw UserError("{}: {} is damaged: its checksum does not match", shards.where(index), field);
  }
  return picture;
}

}  // namespace

void export_pairs(const std::filesystem::path& folder, const std::filesystem::path& out, const ExportOptions& options,
                  Log& log) {
  const ShardSet shards(folder);
  if (options.first >= shards.size()) {
    throw UserError("--first {}: {} holds samples 0 to {}", options.first, folder.string(), shards.size() - 1);
  }
  const std::uint64_t count = options.count.value_or(shards.size() - options.first);
  if (count == 0 || count > shards.size() - options.first) {
    throw UserError("--count {}: {} holds {} samples from {} on", count, folder.string(), shards.size() - options.first,
                    options.first);
  }
  check_beside_photographs(folder, out);
  const auto held = hold_folder(out, "data export", log);
  clean_temporaries(out / "lq");
  clean_temporaries(out / "gt");
  make_folder(out / "lq");
  make_folder(out / "gt");
  Progress progress(log, "exporting", static_cast<std::int64_t>(count), "pairs");
  for (std::uint64_t index = options.first; index < options.first + count; ++index) {
    const std::string name = fmt::format("sample-{:06}.png", index);
    write_png(out / "lq" / name, read_picture(shards, index, "lr"));
    write_png(out / "gt" / name, read_picture(shards, index, "hr"));
    progress.advance();
  }
  progress.finish();
}

}  // namespace samsr
