#include "data/tools/export.h"

#include <fmt/format.h>

#include "comm/hold_folder.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/images/picture_failure.h"
#include "data/photographs/scan.h"
#include "data/shards/shard_set.h"
#include "data/tools/pair_folder.h"
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
  PairFolder pairs(out, shards);
  if (const std::size_t removed = pairs.replace_all(options.first, count); removed > 0) {
    log.info("{}: {} pairs of an earlier export removed", out.string(), removed);
  }
  std::uint64_t failed = 0;
  Progress progress(log, "exporting", static_cast<std::int64_t>(count), "pairs");
  for (std::uint64_t index = options.first; index < options.first + count; ++index) {
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
    pairs.write(index, lr, hr);
    progress.advance();
  }
  progress.finish();
  if (failed > 0) {
    throw UserError("{} of {} pairs could not be exported; the others are in {}", failed, count, out.string());
  }
}

}  // namespace samsr
