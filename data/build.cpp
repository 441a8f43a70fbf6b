#include "data/build.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/atomic_file.h"
#include "core/progress.h"
#include "core/rng.h"
#include "data/gather_json.h"
#include "data/photograph_cache.h"
#include "data/photographs.h"
#include "data/sample_maker.h"
#include "data/shard_plan.h"
#include "data/shards/permutation.h"
#include "data/shards/shard_writer.h"
#include "data/single_threaded.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

/// Makes the samples of shards on one rank.
class ShardBuilder {
 public:
  ShardBuilder(const BuildSettings& settings, const PhotographList& photographs, ShardHeader header)
      : settings_(settings),
        photographs_(photographs.usable),
        header_(std::move(header)),
        maker_(settings),
        cache_(settings.data.images, static_cast<std::size_t>(settings.data.cache_mb) * kMegabyte) {}

  /// Writes one shard; calls `made` after each sample.
  template <class Made>
  ManifestEntry build(const PlannedShard& planned, Made made) {
    std::optional<ShardWriter> writer;
    for (std::uint64_t i = 0; i < planned.samples; ++i) {
      const Sample sample = make(planned.first_index + i);
      if (!writer) {
        ShardHeader header = header_;
        header.first_index = planned.first_index;
        writer.emplace(planned.path, std::move(header), sample, planned.samples);
      }
      writer->append(sample);
      made();
    }
    writer->finish();
    return describe_shard(Shard(planned.path));
  }

 private:
  /// Every epoch of the data set uses each photograph once, in an order of its own.
  Sample make(std::uint64_t index) {
    const std::uint64_t epoch = index / photographs_.size();
    const Permutation order(photographs_.size(), derive_seed(settings_.data.seed, "photograph order", {epoch}));
    const std::string& path = photographs_[order(index % photographs_.size())].path;
    return maker_.make(index, cache_.load(path), path);
  }

  const BuildSettings& settings_;
  const std::vector<Photograph>& photographs_;
  const ShardHeader header_;
  const SampleMaker maker_;
  PhotographCache cache_;
};

/// Makes this rank's share of the shards that are missing and enters them in the plan.
void build_missing(ShardBuilder& builder, std::vector<PlannedShard>& plan, Communicator& comm, Log& log) {
  std::vector<std::size_t> missing;
  std::uint64_t samples_kept = 0;
  std::uint64_t samples_missing = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].complete) {
      samples_kept += plan[i].samples;
    } else {
      missing.push_back(i);
      samples_missing += plan[i].samples;
    }
  }
  std::vector<std::size_t> mine;
  std::uint64_t own_total = 0;
  const auto ranks = static_cast<std::size_t>(comm.size());
  for (std::size_t i = static_cast<std::size_t>(comm.rank()); i < missing.size(); i += ranks) {
    mine.push_back(missing[i]);
    own_total += plan[missing[i]].samples;
  }
  // The ranks work at about the same rate, so this one's part done stands for all.
  Progress progress(log, "building", static_cast<std::int64_t>(samples_kept + samples_missing), "pairs",
                    static_cast<std::int64_t>(samples_kept));
  std::uint64_t own_done = 0;
  nlohmann::json entries = nlohmann::json::array();
  for (const std::size_t number : mine) {
    const ManifestEntry entry = builder.build(plan[number], [&] {
      ++own_done;
      progress.set(static_cast<std::int64_t>(samples_kept + samples_missing * own_done / own_total));
    });
    entries.push_back(to_json(entry));
  }
  const std::vector<nlohmann::json> results = gather_results(comm, entries);
  progress.set(static_cast<std::int64_t>(samples_kept + samples_missing));
  progress.finish();
  for (std::size_t i = 0; i < missing.size(); ++i) {
    plan[missing[i]].complete = entry_from_json(results[i].get<std::string>());
  }
}

std::string list_counts(const PhotographList& photographs) {
  std::string text = fmt::format("{} photographs used", photographs.usable.size());
  for (const auto& [kind, count] : photographs.counts) {
    text += fmt::format(", {} {}", count, kind);
  }
  return text +
         fmt::format("; left out: {} too small, {} unreadable", photographs.too_small, photographs.unreadable);
}

}  // namespace

void build_dataset(const BuildSettings& settings, const std::string& resolved_config, Communicator& comm,
                   Log& log) {
  settings.data.check();
  const SingleThreaded single_threaded;
  const fs::path out = settings.data.out;
  if (comm.rank() == 0) {
    make_folder(out);
    clean_temporaries(out);
  }
  comm.barrier();

  const PhotographList photographs = scan_photographs(settings.data.images, settings.data.min_size, comm, log);
  const ShardHeader header{.config = resolved_config,
                           .content = content_lines(settings) + "photographs: " + photographs.fingerprint() + "\n",
                           .seed = settings.data.seed,
                           .scale = static_cast<std::uint64_t>(settings.data.scale),
                           .tool = "samsr " SAMSR_VERSION};
  std::vector<PlannedShard> plan = plan_shards(settings.data, header.content, comm, log);

  const auto missing = std::count_if(plan.begin(), plan.end(), [](const auto& shard) { return !shard.complete; });
  if (missing < static_cast<std::ptrdiff_t>(plan.size())) {
    log.info("{} of {} shards are complete and kept", plan.size() - static_cast<std::size_t>(missing),
             plan.size());
  }
  if (missing > 0) {
    if (comm.rank() == 0) {
      fs::remove(manifest_path(out));  // it marks a complete data set
    }
    comm.barrier();
    ShardBuilder builder(settings, photographs, header);
    build_missing(builder, plan, comm, log);
  }

  Manifest manifest;
  std::uint64_t bytes = 0;
  for (const PlannedShard& shard : plan) {
    manifest.shards.push_back(*shard.complete);
    bytes += shard.complete->bytes;
  }
  if (comm.rank() == 0) {
    write_file_atomically(out / "config.yaml", resolved_config);
    write_manifest(out, manifest);
  }
  comm.barrier();
  log.info("{}: {} pairs in {} shards, {:.1f} MB; {}", out.string(), manifest.samples(), plan.size(),
           static_cast<double>(bytes) / 1e6, list_counts(photographs));
}

}  // namespace samsr
