#include "data/photographs/scan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "comm/shared_files.h"
#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/photographs/listing.h"
#include "data/photographs/place_list.h"
#include "data/photographs/reader.h"
#include "data/photographs/state.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// How many photographs that are left out, of each kind, are named.
constexpr std::uint64_t kMostNamed = 5;

/// One file, looked at once.
struct PhotographFinding {
  int width = 0;  ///< pixels, upright
  int height = 0;
  std::uint32_t checksum = 0;
  std::string converted;  ///< ImageFile::converted(), comma-joined
  std::string problem;    ///< one line; empty when the photograph was read
};

PhotographFinding probe(PhotographReader& reader, const PhotographPlace& place, const ImageLimits& limits) {
  const fs::path path = reader.path_of(place);
  PhotographFinding finding;
  try {
    const std::string file = reader.read(place);
    const ImageFile image = decode_image(file, path.string(), Bits::kEight, limits);
    finding.checksum = crc32c(file.data(), file.size());
    finding.width = image.rgb.cols;
    finding.height = image.rgb.rows;
    finding.converted = fmt::format("{}", fmt::join(image.converted(), ", "));
  } catch (...) {
    finding = {};
    finding.problem = describe_failure(path.string(), std::current_exception());
  }
  return finding;
}

/// One scan of the sources of photographs by all ranks.
class Scan {
 public:
  Scan(PhotographSources sources, const PhotographSizes& sizes, const ImageLimits& limits, const fs::path& out,
       Communicator& comm, Log& log)
      : sources_(std::move(sources)),
        sizes_(sizes),
        limits_(limits),
        place_(photograph_scan_path(out)),
        index_(photograph_index_path(out)),
        comm_(comm),
        log_(log) {}

  void run() {
    on_first_rank([&] { walk(); }, comm_);
    await_shared_files({place_}, comm_, log_);
    roots_ = roots_of(sources_);
    {
      const PlaceList walked(place_);
      state_ = joined_state(states_of(walked));
    }
    if (!up_to_date()) {
      const bool archives = comm_.sum(has_archives_ ? 1 : 0) > 0;
      if (archives) {
        on_first_rank([&] { look_into_archives(); }, comm_);
        await_shared_files({photographs_place()}, comm_, log_);
      }
      const PlaceList list(archives ? photographs_place() : place_);
      states_ = states_of(list);
      read_all(list);
      await_shared_files({place_}, comm_, log_);
      if (comm_.rank() == 0) {
        merge(list);
      }
    }
    await_shared_files({index_}, comm_, log_);
    if (comm_.rank() == 0) {
      remove_place();
    }
  }

 private:
  void walk() {
    make_folder(place_);
    PlaceListWriter list(place_);
    Progress progress(log_, kListingFiles, Progress::kUnknown, "files");
    for (std::uint32_t number = 0; number < sources_.size(); ++number) {
      for (const std::string& remark : walk_source(sources_[number].path, number, [&](const PhotographPlace& place) {
             list.append(place);
             progress.advance();
             has_archives_ = has_archives_ || place.packing == PhotographPlace::Packing::kArchive;
           })) {
        log_.warning("{}: {}", sources_[number].path, remark);
      }
    }
    list.finish();
  }

  /// Where the list of photographs lies that has those in archives in the archives' place.
  fs::path photographs_place() const { return place_ / "photographs"; }

  /// Writes that list.
  void look_into_archives() {
    const PlaceList walked(place_);
    const auto each = [&](const std::function<void(const PhotographPlace&, bool archive)>& visit) {
      for (std::uint64_t number = 0; number < walked.pieces(); ++number) {
        for (const PhotographPlace& place : walked.piece(number)) {
          visit(place, place.packing == PhotographPlace::Packing::kArchive);
        }
      }
    };
    std::uint64_t bytes = 0;
    each([&](const PhotographPlace& place, bool archive) {
      bytes += archive ? archive_bytes(roots_[place.source], place) : 0;
    });
    ArchiveLister lister(bytes, log_);
    make_folder(photographs_place());
    PlaceListWriter list(photographs_place());
    const auto append = [&](const PhotographPlace& place) { list.append(place); };
    each([&](const PhotographPlace& place, bool archive) {
      if (!archive) {
        append(place);
        return;
      }
      for (std::string& remark : lister.list(roots_[place.source], place, append)) {
        remarks_.push_back(std::move(remark));
      }
    });
    list.finish();
    lister.finish();
  }

  /// The state of each piece, whose files the ranks share.
  std::vector<std::string> states_of(const PlaceList& list) const {
    const auto ranks = static_cast<std::uint64_t>(comm_.size());
    std::vector<std::uint64_t> mine;
    for (auto number = static_cast<std::uint64_t>(comm_.rank()); number < list.pieces(); number += ranks) {
      mine.push_back(number);
    }
    const std::vector<std::string> by_rank = comm_.gather(states_of_pieces(list, mine, sources_, limits_, ranks, log_));
    std::vector<std::string> states;
    for (std::uint64_t number = 0; number < list.pieces(); ++number) {
      states.push_back(by_rank[number % ranks].substr(number / ranks * kStateDigits, kStateDigits));
    }
    return states;
  }

  static std::string joined_state(const std::vector<std::string>& states) {
    std::string joined;
    for (const std::string& state : states) {
      joined += state;
    }
    return state_text(crc32c(joined.data(), joined.size()));
  }

  bool up_to_date() const {
    if (!fs::exists(index_)) {
      return false;
    }
    try {
      const PhotographSummary summary = PhotographIndex(index_).summary();
      return summary.sources == sources_ && summary.state == state_ && summary.min_size == sizes_.min_size &&
             summary.crop_size == sizes_.crop_size;
    } catch (const UserError&) {
      return false;  // it is made anew
    }
  }

  /// Only what a scan writes, an earlier one of more pieces too: the folder could be somebody's who calls his so.
  void remove_place() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(place_, ignored)) {
      std::uint64_t number = 0;
      const std::string name = entry.path().filename().string();
      if (std::sscanf(name.c_str(), "piece-%" SCNu64 ".json", &number) == 1 && entry.path() == result_path(number)) {
        fs::remove(entry.path(), ignored);
      }
    }
    PlaceList::remove(place_);
    PlaceList::remove(photographs_place());
    fs::remove(photographs_place(), ignored);
    clean_temporaries(place_);
    fs::remove(place_, ignored);  // unless something else is in it
  }

  fs::path result_path(std::uint64_t number) const { return place_ / fmt::format("piece-{:08}.json", number); }

  /// What an earlier run, or another rank, found in a piece; none when its files are others by now.
  std::optional<nlohmann::json> stored_result(std::uint64_t number) const {
    if (!fs::exists(result_path(number))) {
      return std::nullopt;
    }
    nlohmann::json result = nlohmann::json::parse(read_file(result_path(number)), nullptr, false);
    if (!result.is_object() || !result.contains("photographs") || result["state"] != states_[number]) {
      return std::nullopt;
    }
    return result;
  }

  void read_all(const PlaceList& list) {
    const std::uint64_t last = list.pieces() == 0 ? 0 : list.piece(list.pieces() - 1).size();
    PhotographReader reader(sources_, limits_);
    const auto read = [&](std::uint64_t number, const ReportWork& report) {
      if (stored_result(number)) {
        return;
      }
      nlohmann::json found = nlohmann::json::array();
      for (const PhotographPlace& place : list.piece(number)) {
        const PhotographFinding finding = probe(reader, place, limits_);
        found.push_back({finding.width, finding.height, finding.checksum, finding.converted, finding.problem});
        report(1, {});
      }
      const nlohmann::json result{{"state", states_[number]}, {"photographs", std::move(found)}};
      write_file_atomically(result_path(number), json_text(result));
    };
    work_through({.task = "reading photographs",
                  .unit = "files",
                  .items = list.pieces(),
                  .units = [&](std::uint64_t number) { return number + 1 < list.pieces() ? PlaceList::kPiece : last; }},
                 read, comm_, log_);
  }

  void merge(const PlaceList& list) {
    PhotographSummary summary{
        .sources = sources_, .state = state_, .min_size = sizes_.min_size, .crop_size = sizes_.crop_size};
    summary.usable_of.resize(sources_.size());
    summary.remarks = remarks_;
    PhotographIndexWriter writer(index_, list.pieces() * PlaceList::kPiece);
    std::uint32_t fingerprint = 0;
    for (std::uint64_t number = 0; number < list.pieces(); ++number) {
      const std::vector<PhotographPlace> places = list.piece(number);
      const auto result = stored_result(number);
      if (!result || result->at("photographs").size() != places.size()) {
        throw UserError("{}: cannot be read back; run `samsr data build` again", result_path(number).string());
      }
      for (std::size_t i = 0; i < places.size(); ++i) {
        const PhotographPlace& place = places[i];
        const PhotographFinding finding = finding_of(result->at("photographs").at(i), number);
        if (enter(place, finding, summary)) {
          writer.append({place, finding.checksum});
          const std::string line =
              fmt::format("{}{}\t{:08x}\n", source_prefix(sources_, place), place.path, finding.checksum);
          fingerprint = crc32c(line.data(), line.size(), fingerprint);
        }
      }
    }
    summary.fingerprint = state_text(fingerprint);
    writer.finish(summary);
  }

  PhotographFinding finding_of(const nlohmann::json& stored, std::uint64_t number) const {
    const std::vector<JsonEntry> values = JsonEntry::of(stored, result_path(number).string()).elements();
    if (values.size() != 5) {
      throw UserError("{}: damaged; remove it and run `samsr data build` again", result_path(number).string());
    }
    return {static_cast<int>(values[0].as_count()), static_cast<int>(values[1].as_count()),
            static_cast<std::uint32_t>(values[2].as_count()), values[3].as_text(), values[4].as_text()};
  }

  /// Counts a file; true when it can be used.
  bool enter(const PhotographPlace& place, const PhotographFinding& finding, PhotographSummary& summary) const {
    ++summary.files;
    if (!finding.problem.empty()) {
      if (++summary.unreadable <= kMostNamed) {
        summary.problems.push_back(finding.problem);
      }
      return false;
    }
    const int shorter = std::min(finding.width, finding.height);
    if (shorter < sizes_.min_size) {
      if (++summary.too_small <= kMostNamed) {
        summary.problems.push_back(fmt::format("{}: {}×{} pixels, its shorter side is below the {} that are needed",
                                               (roots_[place.source] / place.path).string(), finding.width,
                                               finding.height, sizes_.min_size));
      }
      return false;
    }
    if (shorter < sizes_.crop_size && ++summary.below_crop <= kMostNamed) {
      summary.small.push_back(shown_text(place.path));
    }
    for (const char* kind : {"grey", "16-bit", "CMYK", "alpha"}) {
      summary.converted[kind] += finding.converted.find(kind) != std::string::npos ? 1 : 0;
    }
    ++summary.usable;
    ++summary.usable_of[place.source];
    return true;
  }

  const PhotographSources sources_;
  const PhotographSizes sizes_;
  const ImageLimits limits_;
  const fs::path place_;
  const fs::path index_;
  Communicator& comm_;
  Log& log_;
  std::vector<fs::path> roots_;      ///< of the sources
  bool has_archives_ = false;        ///< known to rank 0
  ListingRemarks remarks_;           ///< on archives, known to rank 0
  std::vector<std::string> states_;  ///< of the pieces
  std::string state_;                ///< of what was walked, archives not looked into
};

}  // namespace

fs::path photograph_index_path(const fs::path& out) { return out / "photographs.index"; }

fs::path photograph_scan_path(const fs::path& out) { return out / "photographs.scan"; }

void check_beside_photographs(const fs::path& folder, const fs::path& out) {
  if (!fs::exists(photograph_index_path(folder))) {
    return;
  }
  const PhotographSummary summary = PhotographIndex(photograph_index_path(folder)).summary();
  for (const PhotographSource& source : summary.sources) {
    if (is_within(source.path, out)) {
      throw UserError("{}: the photographs of {} lie there ({}), and could be replaced; name another folder",
                      out.string(), folder.string(), source.path);
    }
  }
}

std::string describe(const PhotographSummary& summary) {
  std::string text = fmt::format("{} photographs used", summary.usable);
  for (const auto& [kind, count] : summary.converted) {
    if (count > 0) {
      text += fmt::format(", {} {}", count, kind);
    }
  }
  return text + fmt::format("; left out: {} too small, {} unreadable", summary.too_small, summary.unreadable);
}

std::unique_ptr<PhotographIndex> index_photographs(const PhotographSources& sources, const PhotographSizes& sizes,
                                                   const ImageLimits& limits, const fs::path& out, Communicator& comm,
                                                   Log& log) {
  Scan(sources.absolute(), sizes, limits, out, comm, log).run();
  auto index = std::make_unique<PhotographIndex>(photograph_index_path(out));
  const PhotographSummary& summary = index->summary();
  for (const std::string& remark : summary.remarks) {
    log.warning("{}", remark);
  }
  for (const std::string& problem : summary.problems) {
    log.warning("left out: {}", problem);
  }
  const std::uint64_t left_out = summary.too_small + summary.unreadable;
  if (left_out > summary.problems.size()) {
    log.warning("left out: {} more photographs", left_out - summary.problems.size());
  }
  if (index->size() == 0) {
    throw UserError(
        "{}: none of its {} image files can be used ({} unreadable, {} too small: {} pixels are needed on the shorter "
        "side); check data.images",
        sources.text(), summary.files, summary.unreadable, summary.too_small, summary.min_size);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (summary.usable_of[i] == 0) {
      throw UserError(
          "{}: none of its image files can be used, where {} pixels are needed on the shorter side; check "
          "data.images",
          sources[i].path, summary.min_size);
    }
  }
  return index;
}

}  // namespace samsr
