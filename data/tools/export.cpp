#include "data/tools/export.h"

#include <fmt/format.h>

#include "comm/hold_folder.h"
#include "comm/work_through.h"
#include "core/error.h"
#include "data/images/picture_failure.h"
#include "data/photographs/scan.h"
#include "data/shards/shard_set.h"
#include "data/tools/pair_folder.h"
#include "data/tools/sample_faults.h"
#include "data/tools/stored_sample.h"

namespace samsr {

void export_pairs(const std::filesystem::path& folder, const std::filesystem::path& out, const SampleSelection& range,
                  Communicator& comm, Log& log) {
  const ShardSet shards(folder);
  const std::uint64_t count = range.count_in(shards);
  check_beside_photographs(folder, out);
  const auto held = hold_folder(out, "data export", comm, log);
  on_first_rank(
      [&] {
        if (const std::size_t removed = PairFolder(out, shards).replace_all(range.first, count); removed > 0) {
          log.info("{}: {} pairs of an earlier export removed", out.string(), removed);
        }
      },
      comm);
  SampleFaults own;
  const auto write = [&](std::uint64_t item, const ReportWork&) {
    const std::uint64_t index = range.first + item;
    cv::Mat lr;
    cv::Mat hr;
    try {
      const ShardSet::Place place = shards.place(index);
      lr = read_stored_picture(place.shard, "lr", place.sample);
      hr = read_stored_picture(place.shard, "hr", place.sample);
    } catch (...) {
      own.emplace(index, describe_failure(shards.where(index), std::current_exception()));
      return;
    }
    write_pair(out, index, lr, hr);
  };
  work_through({.task = "exporting", .unit = "pairs", .items = count}, write, comm, log);
  const SampleFaults faults = gather_faults(own, comm);
  for (const auto& [index, line] : faults) {
    log.warning("left out: {}", line);
  }
  if (!faults.empty()) {
    throw UserError("{} of {} pairs could not be exported; the others are in {}", faults.size(), count, out.string());
  }
}

}  // namespace samsr
