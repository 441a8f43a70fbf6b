#include "data/build/build.h"

#include <filesystem>

#include "comm/gather_json.h"
#include "comm/hold_folder.h"
#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "core/output.h"
#include "core/own_file.h"
#include "data/build/shard_builder.h"
#include "data/build/shard_plan.h"
#include "data/build/single_threaded.h"
#include "data/photographs/scan.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What manifests of any version hold.
constexpr const char* kManifestMark = "samsr-dataset/";

/// One build by all ranks.
class Build {
 public:
  Build(const BuildSettings& settings, BuildStages stages, Communicator& comm, Log& log)
      : settings_(settings), out_(settings.data.out), stages_(std::move(stages)), comm_(comm), log_(log) {}

  void run(const std::string& resolved_config) {
    plan_ = plan_shards(settings_.data, stages_.list, comm_, log_);
    if (const std::size_t missing = missing_shards().size(); missing < plan_.size()) {
      log_.info("{} of {} shards are complete and kept", plan_.size() - missing, plan_.size());
    }
    if (!missing_shards().empty()) {
      if (comm_.rank() == 0) {
        fs::remove(manifest_path(out_));  // it marks a complete data set
      }
      comm_.barrier();
      build_missing();
    }
    check_that_shards_agree();
    if (comm_.rank() == 0) {
      write_file_atomically(out_ / kBuildConfigFile, resolved_config);
      write_manifest(out_, manifest());
    }
    comm_.barrier();
    tell();
  }

 private:
  std::vector<std::size_t> missing_shards() const {
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      if (!plan_[i].complete) {
        missing.push_back(i);
      }
    }
    return missing;
  }

  /// The ranks take one missing shard after another and enter what they have made in the plan.
  void build_missing() {
    const std::vector<std::size_t> missing = missing_shards();
    std::uint64_t samples = 0;
    for (const std::size_t number : missing) {
      samples += plan_[number].samples;
    }
    check_space();
    if (missing.size() < static_cast<std::size_t>(comm_.size())) {
      log_.info(
          "{} shards to make for {} ranks: some have nothing to do; a smaller data.samples_per_shard shares better",
          missing.size(), comm_.size());
    }
    const ShardBuilder builder(stages_.list, settings_.data);
    nlohmann::json local = nlohmann::json::array();
    const auto build = [&](std::uint64_t item, const ReportWork& report) {
      const std::size_t number = missing[item];
      const Shard shard = builder.build(plan_[number], [&](std::uint64_t made) { report(made, {}); });
      local.push_back({number, to_json(describe_shard(shard)), checksum_of_text(shard.header().content)});
    };
    work_through({.task = "building",
                  .unit = "pairs",
                  .items = missing.size(),
                  .done = settings_.data.all_samples() - samples,
                  .units = [&](std::uint64_t item) { return plan_[missing[item]].samples; }},
                 build, comm_, log_);
    enter(comm_.gather(local.dump()));
  }

  /// UserError when not even the pictures of the shards that are made anew fit on the disk.
  void check_space() const {
    std::uint64_t samples = 0;
    for (const PlannedShard& shard : plan_) {
      samples += shard.complete || shard.usable ? 0 : shard.samples;
    }
    const auto side = static_cast<std::uint64_t>(settings_.data.gt_size);
    const std::uint64_t needed = samples * 3 * side * side;
    const std::string what = "data.out=" + out_.string();
    if (const std::uint64_t available = free_bytes(out_, what); needed > available) {
      throw UserError(
          "{}: {} pairs take more than {} MB, but {} MB are left there; lower data.samples, or choose another place",
          what, samples, needed / 1000000, available / 1000000);
    }
  }

  void enter(const std::vector<std::string>& by_rank) {
    for (const std::string& text : by_rank) {
      for (const nlohmann::json& result : nlohmann::json::parse(text)) {
        PlannedShard& shard = plan_.at(result.at(0).get<std::size_t>());
        shard.complete = entry_from_json(result.at(1).get<std::string>());
        shard.content = result.at(2).get<std::string>();
      }
    }
  }

  /// Shards may have stages beyond those asked for, but all the same.
  void check_that_shards_agree() const {
    for (const PlannedShard& shard : plan_) {
      if (shard.content == plan_.front().content) {
        continue;
      }
      const std::string first = Shard(plan_.front().path).header().content;
      const std::string other = Shard(shard.path).header().content;
      for (const std::string& name : stage_names()) {
        const StageContents in_first = split_content(first);
        const StageContents in_other = split_content(other);
        if (in_first.contains(name) != in_other.contains(name)) {
          throw UserError(
              "{}: only {} of {} and {} has the stage {}, so the data set is not complete; finish it with "
              "--stage {}",
              out_.string(), (in_first.contains(name) ? plan_.front() : shard).path.filename().string(),
              plan_.front().path.filename().string(), shard.path.filename().string(), name, name);
        }
        if (in_first.contains(name) && in_first.at(name) != in_other.at(name)) {
          throw UserError(
              "{}: the stage {} of {} and {} was made with different settings ({}); make it anew with "
              "--stage {}",
              out_.string(), name, plan_.front().path.filename().string(), shard.path.filename().string(),
              first_difference(in_first.at(name), in_other.at(name)), name);
        }
      }
    }
  }

  Manifest manifest() const {
    Manifest manifest;
    for (const PlannedShard& shard : plan_) {
      manifest.shards.push_back(*shard.complete);
    }
    return manifest;
  }

  void tell() {
    std::uint64_t bytes = 0;
    for (const PlannedShard& shard : plan_) {
      bytes += shard.complete->bytes;
    }
    for (const auto& stage : stages_.list.stages) {
      for (const auto& [what, count] : stage->counts()) {
        if (const double all = comm_.sum(static_cast<double>(count)); all > 0) {
          log_.info("{}: {} {}", stage->name(), all, what);
        }
      }
    }
    log_.info("{}: {} pairs in {} shards, {:.1f} MB{}", out_.string(), settings_.data.all_samples(), plan_.size(),
              static_cast<double>(bytes) / 1e6,
              stages_.photographs == nullptr ? "" : "; " + describe(stages_.photographs->summary()));
  }

  const BuildSettings& settings_;
  const fs::path out_;
  const BuildStages stages_;
  Communicator& comm_;
  Log& log_;
  std::vector<PlannedShard> plan_;
};

/// UserError where photographs and data set would come into each other's way, or a file of the user's would be
/// replaced.
void check_places(const DataSettings& data) {
  const fs::path out = data.out;
  for (const PhotographSource& source : data.images) {
    if (is_within(out, source.path)) {
      throw UserError(
          "data.out={}: lies in the folder of the photographs ({}), and pictures made of the data set would be taken "
          "for photographs; name a folder elsewhere",
          data.out, source.path);
    }
    if (is_within(source.path, photograph_scan_path(out))) {
      throw UserError("data.images={}: a build keeps its own files there; move the photographs", source.path);
    }
  }
  check_own_file(manifest_path(out), kManifestMark);
  if (fs::exists(out / kBuildConfigFile) && !fs::exists(manifest_path(out)) && shards_in(out).empty()) {
    throw UserError("{}: belongs to no data set, but a build would replace it; move it, or name another data.out",
                    (out / kBuildConfigFile).string());
  }
}

/// Holds data.out, and clears what an interrupted build has left unfinished there.
std::unique_ptr<FolderLock> hold_output(const DataSettings& data, Communicator& comm, Log& log) {
  std::unique_ptr<FolderLock> held = hold_folder(data.out, "data build", comm, log);
  if (held) {
    clean_temporaries(data.out);
  }
  std::string error;
  try {
    check_places(data);
  } catch (const UserError& mistake) {
    error = mistake.what();
  }
  throw_first_error(error, comm);  // also a barrier
  return held;
}

}  // namespace

void build_dataset(const BuildSettings& settings, const BuildOptions& options, const std::string& resolved_config,
                   Communicator& comm, Log& log) {
  settings.data.check();
  const SingleThreaded single_threaded;
  const auto held = hold_output(settings.data, comm, log);
  Build(settings, make_stages(settings, options, comm, log), comm, log).run(resolved_config);
}

void build_with_stages(const BuildSettings& settings, BuildStages stages, const std::string& resolved_config,
                       Communicator& comm, Log& log) {
  settings.data.check();
  const SingleThreaded single_threaded;
  const auto held = hold_output(settings.data, comm, log);
  Build(settings, std::move(stages), comm, log).run(resolved_config);
}

}  // namespace samsr
