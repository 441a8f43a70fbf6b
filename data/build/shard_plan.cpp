#include "data/build/shard_plan.h"

#include <algorithm>
#include <set>

#include "comm/gather_json.h"
#include "comm/shared_files.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/own_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What a rank found at a planned shard's place.
struct ShardFinding {
  bool usable = false;
  std::string entry{};    ///< JSON, when the shard is complete
  std::string damage{};   ///< why it must be made again
  std::string content{};  ///< PlannedShard::content
  std::string mistake{};  ///< why the build cannot go on
};

ShardFinding look_at(const PlannedShard& planned, const StageList& stages) {
  ShardFinding finding;
  std::optional<Shard> shard;
  if (fs::exists(planned.path)) {
    try {
      shard.emplace(planned.path);
      finding.usable = shard->header().first_index == planned.first_index && shard->samples() == planned.samples;
    } catch (const UserError& error) {
      finding.damage = error.what();
      if (!may_be_torn_shard(planned.path)) {
        finding.mistake = foreign_file_error(planned.path).what();
        return finding;
      }
    }
  }
  try {
    const StagePlan plan = plan_stages(shard ? &*shard : nullptr, stages);
    if (!finding.usable) {
      plan_stages(nullptr, stages);
    } else if (plan.run.empty()) {
      finding.entry = to_json(describe_shard(*shard));
      finding.content = checksum_of_text(shard->header().content);
    }
  } catch (const UserError& error) {
    finding.mistake = fmt::format("{}: {}", planned.path.string(), error.what());
  }
  return finding;
}

/// UserError when the folder has shards that this data set would not.
void check_for_others(const fs::path& folder, const std::vector<PlannedShard>& plan) {
  std::set<fs::path> known;
  for (const PlannedShard& shard : plan) {
    known.insert(shard.path);
  }
  for (const fs::path& path : shards_in(folder)) {
    if (!known.contains(path)) {
      throw UserError(
          "{}: is beyond the {} shards of data.samples (times data.passes); raise data.samples, or data.passes where "
          "there are several, choose another data.out, or delete it",
          path.string(), plan.size());
    }
  }
}

}  // namespace

std::string checksum_of_text(const std::string& text) {
  return fmt::format("{:08x}", crc32c(text.data(), text.size()));
}

std::vector<PlannedShard> plan_shards(const DataSettings& settings, const StageList& stages, Communicator& comm,
                                      Log& log) {
  const fs::path folder = settings.out;
  std::vector<PlannedShard> plan;
  for (std::uint64_t first = 0; first < settings.all_samples(); first += settings.samples_per_shard) {
    plan.push_back({.path = folder / shard_name(plan.size()),
                    .first_index = first,
                    .samples = std::min(settings.samples_per_shard, settings.all_samples() - first)});
  }
  await_shared_files(shards_in(folder), comm, log);
  const auto ranks = static_cast<std::size_t>(comm.size());
  nlohmann::json local = nlohmann::json::array();
  for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < plan.size(); i += ranks) {
    const ShardFinding finding = look_at(plan[i], stages);
    local.push_back({finding.usable, finding.entry, finding.damage, finding.content, finding.mistake});
  }
  const std::vector<nlohmann::json> results = gather_results(comm, local);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const nlohmann::json& each = results[i];
    const ShardFinding finding{each.at(0), each.at(1), each.at(2), each.at(3), each.at(4)};
    if (!finding.mistake.empty()) {
      throw UserError(finding.mistake);
    }
    if (!finding.damage.empty()) {
      log.warning("made again: {}", finding.damage);
    }
    plan[i].usable = finding.usable;
    if (!finding.entry.empty()) {
      plan[i].content = finding.content;
      plan[i].complete = entry_from_json(finding.entry);
    }
  }
  check_for_others(folder, plan);
  return plan;
}

}  // namespace samsr
