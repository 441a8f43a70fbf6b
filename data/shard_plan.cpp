#include "data/shard_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "core/error.h"
#include "data/gather_json.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What a rank found at a planned shard's place; all empty when nothing is there.
struct Finding {
  std::string entry{};    ///< JSON, when the shard is complete
  std::string damage{};   ///< why it must be made again
  std::string mistake{};  ///< why the build cannot go on
};

Finding look_at(const PlannedShard& planned, const std::string& content) {
  if (!fs::exists(planned.path)) {
    return {};
  }
  try {
    const Shard shard(planned.path);
    if (shard.header().content != content) {
      return {.mistake = fmt::format("{}: made with other settings: {}; choose another data.out, or delete it",
                                     planned.path.string(), first_difference(shard.header().content, content))};
    }
    if (shard.header().first_index == planned.first_index && shard.samples() == planned.samples) {
      return {.entry = to_json(describe_shard(shard))};
    }
    return {};
  } catch (const UserError& error) {
    return {.damage = error.what()};
  }
}

std::map<std::string, std::string> by_key(const std::string& lines) {
  std::map<std::string, std::string> out;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    out[line.substr(0, colon)] = colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return out;
}

/// UserError when the folder has shards that this data set would not.
void check_for_others(const fs::path& folder, const std::vector<PlannedShard>& plan) {
  std::set<fs::path> known;
  for (const PlannedShard& shard : plan) {
    known.insert(shard.path);
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("shard-") && name.ends_with(".h5") && !known.contains(entry.path())) {
      throw UserError(
          "{}: is beyond the {} shards of data.samples; raise data.samples, choose another data.out, or "
          "delete it",
          entry.path().string(), plan.size());
    }
  }
}

}  // namespace

std::string first_difference(const std::string& theirs, const std::string& ours) {
  const auto there = by_key(theirs);
  const auto now = by_key(ours);
  const auto value = [](const auto& lines, const std::string& key) {
    const auto found = lines.find(key);
    return found == lines.end() ? std::string("not set") : found->second;
  };
  std::set<std::string> keys;
  for (const auto& lines : {there, now}) {
    for (const auto& [key, ignored] : lines) {
      keys.insert(key);
    }
  }
  for (const std::string& key : keys) {
    if (value(there, key) != value(now, key)) {
      return fmt::format("{} is {} there and {} now", key, value(there, key), value(now, key));
    }
  }
  return "nothing differs";
}

std::vector<PlannedShard> plan_shards(const DataSettings& settings, const std::string& content, Communicator& comm,
                                      Log& log) {
  const fs::path folder = settings.out;
  std::vector<PlannedShard> plan;
  for (std::uint64_t first = 0; first < settings.samples; first += settings.samples_per_shard) {
    plan.push_back({.path = folder / shard_name(plan.size()),
                    .first_index = first,
                    .samples = std::min(settings.samples_per_shard, settings.samples - first),
                    .complete = {}});
  }
  const auto ranks = static_cast<std::size_t>(comm.size());
  nlohmann::json mine = nlohmann::json::array();
  for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < plan.size(); i += ranks) {
    const Finding finding = look_at(plan[i], content);
    mine.push_back({finding.entry, finding.damage, finding.mistake});
  }
  const std::vector<nlohmann::json> results = gather_results(comm, mine);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Finding finding{results[i].at(0), results[i].at(1), results[i].at(2)};
    if (!finding.mistake.empty()) {
      throw UserError(finding.mistake);
    }
    if (!finding.damage.empty()) {
      log.warning("made again: {}", finding.damage);
    }
    if (!finding.entry.empty()) {
      plan[i].complete = entry_from_json(finding.entry);
    }
  }
  check_for_others(folder, plan);
  return plan;
}

}  // namespace samsr
