#include "data/build/build.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "comm/gather_json.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/build/shard_builder.h"
#include "data/build/shard_plan.h"
#include "data/build/single_threaded.h"
#include "data/build/stages/latents_stage.h"
#include "data/build/stages/masks_stage.h"
#include "data/build/stages/pairs_stage.h"
#include "data/photographs/scan.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// The stages to do, in their order.
std::vector<std::string> chosen_stages(const BuildOptions& options, const DataSettings& settings) {
  const auto chosen = [&](const std::string& name) {
    if (options.stages.empty()) {
      return name == "pairs" || name == "masks" || (name == "latents" && settings.latents);
    }
    return std::any_of(options.stages.begin(), options.stages.end(),
                       [&](const std::string& each) { return each == name || each == "all"; });
  };
  for (const std::string& name : options.stages) {
    if (name != "all" && std::count(stage_names().begin(), stage_names().end(), name) == 0) {
      throw UserError("--stage {}: no such stage; choose of {}, all", name, fmt::join(stage_names(), ", "));
    }
  }
  std::vector<std::string> names;
  std::copy_if(stage_names().begin(), stage_names().end(), std::back_inserter(names), chosen);
  return names;
}

/// One build by all ranks.
class Build {
 public:
  Build(const BuildSettings& settings, const BuildOptions& options, Communicator& comm, Log& log)
      : settings_(settings), options_(options), out_(settings.data.out), comm_(comm), log_(log) {}

  void run(const std::string& resolved_config) {
    prepare_stages();
    plan_ = plan_shards(settings_.data, stages_, comm_, log_);
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
      write_file_atomically(out_ / "config.yaml", resolved_config);
      write_manifest(out_, manifest());
    }
    comm_.barrier();
    tell();
  }

 private:
  void prepare_stages() {
    stages_.named = !options_.stages.empty();
    for (const std::string& name : chosen_stages(options_, settings_.data)) {
      stages_.stages.push_back(make_stage(name));
    }
  }

  std::unique_ptr<Stage> make_stage(const std::string& name) {
    if (name == "pairs") {
      if (settings_.data.images.empty()) {
        throw UserError("data.images is not set; give the folder of the photographs, data.images=DIR");
      }
      photographs_ = index_photographs(settings_.data.images, settings_.data.min_size, out_, comm_, log_);
      return make_pairs_stage(settings_, *photographs_);
    }
    if (name == "masks") {
      return make_masks_stage(settings_, network_device(settings_.masks.source == "sam"));
    }
    if (name == "latents") {
      return make_latents_stage(settings_.first_stage, network_device(settings_.first_stage.type == "vq_f4"));
    }
    return std::make_unique<RolloutStage>(options_.rollout, network_device(true), log_);
  }

  c10::Device network_device(bool network) const {
    return network && options_.device ? options_.device() : c10::Device(c10::kCPU);
  }

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
    if (missing.size() < static_cast<std::size_t>(comm_.size())) {
      log_.info(
          "{} shards to make for {} ranks: some have nothing to do; a smaller data.samples_per_shard shares better",
          missing.size(), comm_.size());
    }
    const std::uint64_t kept = settings_.data.samples - samples;
    Progress progress(log_, "building", static_cast<std::int64_t>(kept + samples), "pairs",
                      static_cast<std::int64_t>(kept));
    const ShardBuilder builder(stages_, settings_.data.seed, static_cast<std::uint64_t>(settings_.data.scale));
    const auto queue = comm_.share_work(missing.size());
    const auto show = [&] { progress.set(static_cast<std::int64_t>(kept + queue->reported())); };
    nlohmann::json mine = nlohmann::json::array();
    while (const auto item = queue->next()) {
      const std::size_t number = missing[*item];
      const Shard shard = builder.build(plan_[number], [&](std::uint64_t made) {
        queue->report(made);
        show();
      });
      mine.push_back({number, to_json(describe_shard(shard)), checksum_of_text(shard.header().content)});
    }
    while (comm_.rank() == 0 && queue->reported() < samples) {  // the other ranks' last shards
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      show();
    }
    enter(comm_.gather(mine.dump()));
    show();
    progress.finish();
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
    for (const auto& stage : stages_.stages) {
      for (const auto& [what, count] : stage->counts()) {
        if (const double all = comm_.sum(static_cast<double>(count)); all > 0) {
          log_.info("{}: {} {}", stage->name(), all, what);
        }
      }
    }
    log_.info("{}: {} pairs in {} shards, {:.1f} MB{}", out_.string(), settings_.data.samples, plan_.size(),
              static_cast<double>(bytes) / 1e6,
              photographs_ == nullptr ? "" : "; " + describe(photographs_->summary()));
  }

  const BuildSettings& settings_;
  const BuildOptions& options_;
  const fs::path out_;
  Communicator& comm_;
  Log& log_;
  std::unique_ptr<PhotographIndex> photographs_;  ///< null where pairs are not made
  StageList stages_;
  std::vector<PlannedShard> plan_;
};

}  // namespace

void build_dataset(const BuildSettings& settings, const BuildOptions& options, const std::string& resolved_config,
                   Communicator& comm, Log& log) {
  settings.data.check();
  const SingleThreaded single_threaded;
  const fs::path out = settings.data.out;
  if (comm.rank() == 0) {
    make_folder(out);
    clean_temporaries(out);
  }
  comm.barrier();
  Build(settings, options, comm, log).run(resolved_config);
}

}  // namespace samsr
