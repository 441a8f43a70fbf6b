#include "data/tools/export.h"

#include <fmt/format.h>

#include "comm/hold_folder.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/photographs/scan.h"
#include "data/shards/shard_set.h"
#include "data/tools/stored_sample.h"

namespace samsr {
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
  std::uint64_t failed = 0;
  Progress progress(log, "exporting", static_cast<std::int64_t>(count), "pairs");
  for (std::uint64_t index = options.first; index < options.first + count; ++index) {
    const std::string name = fmt::format("sample-{:06}.png", index);
    cv::Mat lr;
    cv::Mat hr;
    try {
      const ShardSet::Place place = shards.place(index);
      lr = read_stored_picture(place.shard, "lr", place.sample);
      hr = read_stored_picture(place.shard, "hr", place.sample);
    } catch (...) {
      log.warning("left out: {}", describe_failure(shards.where(index), std::current_exception()));
      ++failed;
      continue;
    }
    write_png(out / "lq" / name, lr);
    write_png(out / "gt" / name, hr);
    progress.advance();
  }
  progress.finish();
  if (failed > 0) {
    throw UserError("{} of {} pairs could not be exported; the others are in {}", failed, count, out.string());
  }
}

}  // namespace samsr
