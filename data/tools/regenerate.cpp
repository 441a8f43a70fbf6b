#include "data/tools/regenerate.h"

#include <ATen/core/Tensor.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "comm/hold_folder.h"
#include "comm/work_through.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "data/build/recorded_settings.h"
#include "data/build/single_threaded.h"
#include "data/build/stages/pair_maker.h"
#include "data/build/stages/pairs_stage.h"
#include "data/build/stages/sample_images.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/photographs/scan.h"
#include "data/shards/content.h"
#include "data/shards/shard_set.h"
#include "data/tools/decoded_photographs.h"
#include "data/tools/listed_photographs.h"
#include "data/tools/pair_folder.h"
#include "data/tools/sample_faults.h"
#include "data/tools/stored_sample.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFaultsNamed = 10;
constexpr std::uint64_t kSamplesAtOnce = 16;  ///< of one shard, that a rank takes from the others at a time
constexpr std::size_t kBytesInMegabyte = std::size_t{1} << 20;

/// Consecutive samples of one shard that are made together: stages take theirs in whole batches, counted from the
/// shard's first.
struct Block {
  std::uint64_t first = 0;  ///< index in the data set
  std::uint64_t samples = 0;
};

std::vector<Block> blocks_of(const ShardSet& set, std::uint64_t first, std::uint64_t count, std::uint64_t size) {
  std::vector<Block> blocks;
  for (const Shard& shard : set.shards()) {
    for (std::uint64_t begin = 0; begin < shard.samples(); begin += size) {
      const Block block{shard.header().first_index + begin, std::min(size, shard.samples() - begin)};
      if (block.first < first + count && block.first + block.samples > first) {
        blocks.push_back(block);
      }
    }
  }
  return blocks;
}

/// Where the photographs lie: where they are said to, or where the build found them.
PhotographSources sources_of(const ShardSet& set, const PhotographSources& images) {
  if (!images.empty()) {
    for (const PhotographSource& source : images) {
      kind_of_source(source.path);
    }
    return images;
  }
  if (!fs::exists(photograph_index_path(set.folder()))) {
    throw UserError("{}: missing, so where the photographs lie is not known; give data.images=DIR",
                    photograph_index_path(set.folder()).string());
  }
  PhotographSources sources = PhotographIndex(photograph_index_path(set.folder())).summary().sources;
  for (const PhotographSource& source : sources) {
    if (!fs::exists(source.path)) {
      throw UserError(
          "{}: no such folder or file; the photographs that {} was built from are needed: give data.images=DIR",
          source.path, set.folder().string());
    }
  }
  return sources;
}

/// One run of the verb on one rank.
class Regenerator {
 public:
  Regenerator(const RegenerateRequest& request, const ShardSet& set, const BuildSettings& settings, BuildStages stages,
              const PhotographSources& photographs, Log& log)
      : request_(request),
        set_(set),
        stages_(std::move(stages)),
        pairs_(settings.data, settings.degradation),
        photographs_(photographs, static_cast<std::size_t>(settings.data.cache_mb) * kBytesInMegabyte, settings.images,
                     log),
        listed_(set.folder(), settings.data),
        count_(request.range.count_in(set)) {
    for (const auto& stage : stages_.list.stages) {
      block_ = std::lcm(block_, stage->batch());
    }
    block_ *= (kSamplesAtOnce + block_ - 1) / block_;
    for (const ShardField& field : set.shards().front().fields()) {
      const std::string_view stage = stage_of_field(field.name);
      if (stage == "pairs" || (!stage.empty() && stages_.list.find(stage) != nullptr)) {
        fields_.push_back(field.name);
      }
    }
  }

  std::vector<Block> blocks() const { return blocks_of(set_, request_.range.first, count_, block_); }
  std::uint64_t count() const { return count_; }
  const std::vector<std::string>& fields() const { return fields_; }
  const SampleFaults& faults() const { return faults_; }
  double bytes() const { return bytes_; }

  /// How many samples of a block were asked for.
  std::uint64_t wanted(const Block& block) const {
    const std::uint64_t end = request_.range.first + count_;
    return std::min(block.first + block.samples, end) - std::max(block.first, request_.range.first);
  }

  void make(const Block& block, const ReportWork& report) {
    std::vector<Sample> samples(block.samples);
    for (std::uint64_t i = 0; i < block.samples; ++i) {
      if (!stages_.list.stages.empty() || is_wanted(block.first + i)) {
        make_pair(block.first + i, samples[i]);
      }
    }
    // Without networks the pairs are the work; with them, progress is told block by block.
    for (const auto& stage : stages_.list.stages) {
      for (std::size_t at = 0; at < samples.size(); at += stage->batch()) {
        const std::size_t size = std::min(stage->batch(), samples.size() - at);
        stage->run(block.first + at, std::span(samples).subspan(at, size));
      }
    }
    for (std::uint64_t i = 0; i < block.samples; ++i) {
      if (is_wanted(block.first + i)) {
        finish(block.first + i, samples[i]);
        report(1, {});
      }
    }
  }

 private:
  bool is_wanted(std::uint64_t index) const {
    return index >= request_.range.first && index - request_.range.first < count_;
  }

  void fault(std::uint64_t index, const std::string& what) {
    if (is_wanted(index)) {
      faults_.emplace(index, fmt::format("sample {} ({}): {}", index, set_.where(index), what));
    }
  }

  /// hr, lr and source by the photograph that the record names. Where that fails the stored pictures stand in, so that
  /// the other samples of a batch are still made as they were.
  void make_pair(std::uint64_t index, Sample& sample) {
    const ShardSet::Place place = set_.place(index);
    try {
      const JsonEntry record = read_stored_record(place.shard, kSourceField, place.sample);
      const std::string image = photograph_of(record);
      const std::optional<std::uint32_t> source = source_of_photograph(record);
      const std::optional<Photograph> listed = listed_.of_sample(index);
      sample = pairs_.make(index, static_cast<int>(place.shard.header().scale),
                           photographs_.read(image, source.value_or(0), set_.where(index), listed ? &*listed : nullptr),
                           image, source);
      return;
    } catch (...) {
      fault(index, describe_failure(set_.where(index), std::current_exception()));
    }
    for (const char* name : {"hr", "lr"}) {
      at::Tensor pixels = at::zeros(place.shard.find(name)->shape, at::kByte);
      place.shard.read(*place.file, *place.shard.find(name), place.sample, pixels.data_ptr());
      sample.fields.emplace_back(name, std::move(pixels));
    }
  }

  void finish(std::uint64_t index, const Sample& made) {
    if (!faults_.contains(index)) {
      compare(index, made);
    }
    if (!request_.out.empty() && made.text(kSourceField) != nullptr) {
      write_pair(request_.out, index, stored_image(made, "lr"), stored_image(made, "hr"));
    }
  }

  void compare(std::uint64_t index, const Sample& made) {
    const ShardSet::Place place = set_.place(index);
    std::vector<std::string> different;
    for (const std::string& name : fields_) {
      const ShardField& field = *place.shard.find(name);
      std::string stored(field.bytes, '\0');
      if (!place.shard.read(*place.file, field, place.sample, stored.data())) {
        fault(index, name + " is damaged: its checksum does not match");
        return;
      }
      bytes_ += static_cast<double>(field.bytes);
      if (!is_equal(field, stored, made)) {
        different.push_back(name);
      }
    }
    if (!different.empty()) {
      fault(index, fmt::format("{} {}", fmt::join(different, ", "), different.size() == 1 ? "differs" : "differ"));
    }
  }

  static bool is_equal(const ShardField& field, const std::string& stored, const Sample& made) {
    if (field.text) {
      const std::string* text = made.text(field.name);
      return text != nullptr && *text == stored.substr(0, ::strnlen(stored.data(), stored.size()));
    }
    const at::Tensor values = made.field(field.name);
    return values.defined() && values.nbytes() == stored.size() &&
           std::memcmp(values.const_data_ptr(), stored.data(), stored.size()) == 0;
  }

  const RegenerateRequest& request_;
  const ShardSet& set_;
  const BuildStages stages_;
  const PairMaker pairs_;
  DecodedPhotographs photographs_;
  const ListedPhotographs listed_;
  const std::uint64_t count_;
  std::uint64_t block_ = 1;
  std::vector<std::string> fields_;
  SampleFaults faults_;
  double bytes_ = 0;
};

/// The stages beyond the pairs that are to be made again, each with the settings and weights that were used.
BuildStages other_stages(const RegenerateRequest& request, const Shard& shard, const BuildSettings& settings,
                         BuildOptions options, Communicator& comm, Log& log) {
  options.stages = recorded_stages(shard);
  std::erase(options.stages, "pairs");
  if (!request.compare || options.stages.empty()) {
    return {};
  }
  BuildStages made = make_stages(settings, options, comm, log);
  for (const auto& stage : made.list.stages) {
    check_as_recorded(shard, stage->name(), stage->content());
  }
  return made;
}

/// Holds `out`, where pairs are to be written, and enters them in its record. Collective.
std::unique_ptr<FolderLock> prepare_out(const RegenerateRequest& request, const ShardSet& set,
                                        const PhotographSources& photographs, Communicator& comm, Log& log) {
  if (request.out.empty()) {
    return nullptr;
  }
  for (const PhotographSource& source : photographs) {
    if (is_within(source.path, request.out)) {
      throw UserError("--out {}: the photographs lie there ({}), and could be replaced; name another folder",
                      request.out.string(), source.path);
    }
  }
  auto held = hold_folder(request.out, "data regenerate", comm, log);
  on_first_rank([&] { PairFolder(request.out, set).add(request.range.first, request.range.count_in(set)); }, comm);
  return held;
}

[[noreturn]] void tell_faults(const SampleFaults& faults, std::uint64_t samples, const fs::path& folder, Log& log) {
  constexpr const char* kHint =
      "the photographs are not those of then, or another version of samsr made the data set, or it is damaged (`samsr "
      "data verify`)";
  if (faults.size() == 1) {
    throw UserError("{}: 1 of {} samples is not as stored, or cannot be made: {}; {}", folder.string(), samples,
                    faults.begin()->second, kHint);
  }
  std::size_t named = 0;
  for (auto fault = faults.begin(); fault != faults.end() && named < kFaultsNamed; ++fault, ++named) {
    log.info("{}", fault->second);
  }
  throw UserError("{}: {} of {} samples are not as stored, or cannot be made, the first {} of them named above; {}",
                  folder.string(), faults.size(), samples, named, kHint);
}

}  // namespace

void regenerate(const RegenerateRequest& request, const BuildSettings& settings, const BuildOptions& options,
                Communicator& comm, Log& log) {
  const SingleThreaded single_threaded;
  const ShardSet set(request.folder);
  const Shard& shard = set.shards().front();
  request.range.count_in(set);
  check_as_recorded(shard, "pairs", pairs_setting_lines(settings));
  const PhotographSources photographs = sources_of(set, settings.data.images);
  BuildStages stages = other_stages(request, shard, settings, options, comm, log);
  Regenerator regenerator(request, set, settings, std::move(stages), photographs, log);
  const auto held = prepare_out(request, set, photographs, comm, log);
  const std::vector<Block> blocks = regenerator.blocks();
  work_through(
      {.task = "regenerating",
       .unit = "samples",
       .items = blocks.size(),
       .units = [&](std::uint64_t item) { return regenerator.wanted(blocks[item]); }},
      [&](std::uint64_t item, const ReportWork& report) { regenerator.make(blocks[item], report); }, comm, log);
  const SampleFaults faults = gather_faults(regenerator.faults(), comm);
  const double bytes = comm.sum(regenerator.bytes());
  if (!faults.empty()) {
    tell_faults(faults, regenerator.count(), request.folder, log);
  }
  log.info("{}: {} samples made again, identical to those stored in every byte of {} ({:.1f} MB){}",
           request.folder.string(), regenerator.count(), fmt::join(regenerator.fields(), ", "), bytes / 1e6,
           request.out.empty() ? "" : "; pairs in " + request.out.string());
}

}  // namespace samsr
