#include "data/photographs/check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "comm/work_through.h"
#include "core/append_bytes.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "core/output.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/photographs/listing.h"
#include "data/photographs/reader.h"
#include "data/photographs/sheet.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamed = 3;
/// Upper ends of the bars of the histogram of shorter sides, pixels; the last bar is open.
constexpr std::array<int, 7> kBars = {64, 128, 256, 512, 1024, 2048, 4096};
constexpr int kBarWidth = 40;

/// ImageFile::format, by the number that a finding has.
constexpr std::array<std::string_view, 6> kFormats{"BMP", "JPEG", "PNG", "PNM", "TIFF", "WebP"};
/// ImageFile::converted(), by the bit that a finding has.
constexpr std::array<std::string_view, 4> kConverted{"grey", "16-bit", "CMYK", "alpha"};
/// Files that a rank takes from the others at a time.
constexpr std::uint64_t kFilesAtOnce = 64;

/// One file, looked at once; as the ranks send it to each other.
struct FileFinding {
  std::uint64_t number = 0;
  std::int32_t width = 0;  ///< pixels, upright
  std::int32_t height = 0;
  std::uint32_t checksum = 0;  ///< with the size equal for files of equal bytes
  std::uint32_t size = 0;
  std::uint8_t format = 0;
  std::uint8_t converted = 0;
  std::uint8_t turned = 0;      ///< by the orientation that it gives
  std::uint8_t has_bytes = 0;   ///< 0: not even the file could be read
  std::uint8_t is_picture = 0;  ///< 0: the rest but `checksum` and `size` is not known
  std::array<std::uint8_t, 3> zero{};

  int shorter() const { return std::min(width, height); }
};
static_assert(sizeof(FileFinding) == 32);

std::uint8_t format_number(std::string_view format) {
  return static_cast<std::uint8_t>(std::find(kFormats.begin(), kFormats.end(), format) - kFormats.begin());
}

/// `problem` gets one line where the picture cannot be read.
FileFinding look_at(PhotographReader& reader, const PhotographPlace& place, std::string& problem) {
  const std::string path = reader.path_of(place).string();
  FileFinding found;
  try {
    const std::string file = reader.read(place);
    found.has_bytes = 1;
    found.checksum = crc32c(file.data(), file.size());
    found.size = static_cast<std::uint32_t>(file.size());
    const ImageFile image = decode_image(file, path);
    found.width = image.rgb.cols;
    found.height = image.rgb.rows;
    found.format = format_number(image.format);
    found.turned = image.turned ? 1 : 0;
    for (const std::string& kind : image.converted()) {
      const auto bit = std::find(kConverted.begin(), kConverted.end(), kind) - kConverted.begin();
      found.converted = static_cast<std::uint8_t>(found.converted | 1U << bit);
    }
    found.is_picture = 1;
  } catch (...) {
    problem = describe_failure(path, std::current_exception());
  }
  return found;
}

/// What all ranks have found, in the order of the files.
struct Findings {
  std::vector<FileFinding> files;
  std::map<std::uint64_t, std::string> problems;  ///< of those that cannot be read, by number
};

/// Every rank's text, that of one after the other: of the many findings there is one copy at a time.
template <class Take>
void take_from_each(const std::string& local, Communicator& comm, const Take& take) {
  for (int rank = 0; rank < comm.size(); ++rank) {
    std::uint64_t size = local.size();
    comm.broadcast(&size, sizeof size, rank);
    std::string text = rank == comm.rank() ? local : std::string(size, '\0');
    comm.broadcast(text.data(), text.size(), rank);
    take(text);
  }
}

Findings look_at_all(const PhotographSources& source, const PackedPlaces& places, Communicator& comm, Log& log) {
  PhotographReader reader(source);
  std::string local;
  std::vector<std::string> local_problems;
  const auto files_of = [&](std::uint64_t item) { return std::min(kFilesAtOnce, places.size() - item * kFilesAtOnce); };
  const auto look = [&](std::uint64_t item, const ReportWork& report) {
    for (std::uint64_t i = 0; i < files_of(item); ++i) {
      std::string problem;
      FileFinding found = look_at(reader, places.at(item * kFilesAtOnce + i), problem);
      found.number = item * kFilesAtOnce + i;
      append_bytes(local, found);
      if (!problem.empty()) {
        local_problems.push_back(std::to_string(found.number));
        local_problems.push_back(std::move(problem));
      }
      report(1, {});
    }
  };
  work_through({.task = "reading photographs",
                .unit = "files",
                .items = (places.size() + kFilesAtOnce - 1) / kFilesAtOnce,
                .units = files_of},
               look, comm, log);
  Findings findings;
  findings.files.resize(comm.rank() == 0 ? places.size() : 0);
  take_from_each(local, comm, [&](const std::string& text) {
    for (std::size_t at = 0; comm.rank() == 0 && at < text.size(); at += sizeof(FileFinding)) {
      FileFinding found;
      std::memcpy(&found, text.data() + at, sizeof found);
      findings.files.at(found.number) = found;
    }
  });
  take_from_each(join_fields(local_problems), comm, [&](const std::string& text) {
    const std::vector<std::string> fields = split_fields(text);
    for (std::size_t i = 0; comm.rank() == 0 && i + 1 < fields.size(); i += 2) {
      findings.problems[std::stoull(fields[i])] = fields[i + 1];
    }
  });
  return findings;
}

/// What the findings come to.
class Report {
 public:
  Report(const fs::path& source, const PackedPlaces& files, const Findings& findings, int gt_size)
      : source_(source), root_(root_of_source(source)), files_(files), findings_(findings), gt_size_(gt_size) {
    for (const FileFinding& found : findings.files) {
      enter(found);
    }
  }

  std::size_t usable() const { return usable_; }
  /// As many of the readable ones, spread evenly (all where they are fewer).
  std::vector<PhotographPlace> some_readable(int count) const {
    const std::size_t taken = std::min(readable_.size(), static_cast<std::size_t>(std::max(count, 1)));
    std::vector<PhotographPlace> some;
    for (std::size_t i = 0; i < taken; ++i) {
      some.push_back(files_.at(readable_[i * readable_.size() / taken]));
    }
    return some;
  }
  /// "a; b; c and 4 more" of the files that cannot be used.
  std::string first_problems() const {
    std::vector<std::string> shown(problems_.begin(),
                                   problems_.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, problems_.size())));
    const std::string more =
        problems_.size() > kNamed ? fmt::format(" and {} more", problems_.size() - kNamed) : std::string();
    return one_line(fmt::format("{}{}", fmt::join(shown, "; "), more));
  }

  void print(std::ostream& out) const {
    out << fmt::format("{}: {} files: {} usable for data.gt_size={}, {} too small, {} unreadable\n", source_.string(),
                       files_.size(), usable_, gt_size_, too_small_, unreadable_);
    out << "formats        " << listed(formats_) << '\n';
    if (!readable_.empty()) {
      print_range(out, "width", widths_);
      print_range(out, "height", heights_);
      print_histogram(out);
    }
    out << "to convert     " << listed(converted_) << '\n';
    out << fmt::format("EXIF-rotated   {} (turned upright when read)\n", rotated_);
    const auto groups = duplicates();
    std::size_t spare = 0;
    for (const auto& group : groups) {
      spare += group.size() - 1;
    }
    out << fmt::format("duplicates     {}\n", spare);
    for (std::size_t i = 0; i < std::min(kNamed, groups.size()); ++i) {
      out << fmt::format("               {} = {}\n", one_line(name_of(groups[i][0])), one_line(name_of(groups[i][1])));
    }
    if (!problems_.empty()) {
      out << fmt::format("left out       {}\n", first_problems());
    }
    print_advice(out);
  }

  void write(const fs::path& path) const {
    nlohmann::ordered_json json;
    json["folder"] = source_.string();
    json["files"] = files_.size();
    json["gt_size"] = gt_size_;
    json["usable"] = usable_;
    json["too_small"] = too_small_;
    json["unreadable"] = unreadable_;
    json["formats"] = formats_;
    json["converted"] = converted_;
    json["rotated"] = rotated_;
    json["left_out"] = problems_;
    json["duplicates"] = nlohmann::json::array();
    for (const auto& group : duplicates()) {
      std::vector<std::string> names;
      for (const std::uint64_t each : group) {
        names.push_back(name_of(each));
      }
      json["duplicates"].push_back(names);
    }
    write_file_atomically(path, json_text(json, 2) + "\n");
  }

 private:
  std::string name_of(std::uint64_t number) const { return (root_ / files_.at(number).path).string(); }
  void enter(const FileFinding& found) {
    if (found.is_picture == 0) {
      ++unreadable_;
      problems_.push_back(findings_.problems.at(found.number));
      return;
    }
    readable_.push_back(found.number);
    ++formats_[std::string(kFormats.at(found.format))];
    widths_.push_back(found.width);
    heights_.push_back(found.height);
    rotated_ += found.turned;
    for (std::size_t bit = 0; bit < kConverted.size(); ++bit) {
      if ((found.converted >> bit & 1U) != 0) {
        ++converted_[std::string(kConverted[bit])];
      }
    }
    if (found.shorter() < gt_size_) {
      ++too_small_;
      problems_.push_back(fmt::format("{}: {}×{} pixels", name_of(found.number), found.width, found.height));
    } else {
      ++usable_;
    }
  }

  std::vector<std::vector<std::uint64_t>> duplicates() const {
    std::vector<const FileFinding*> sorted;
    for (const FileFinding& found : findings_.files) {
      if (found.has_bytes != 0) {
        sorted.push_back(&found);
      }
    }
    const auto content = [](const FileFinding* found) { return std::pair(found->checksum, found->size); };
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const FileFinding* a, const FileFinding* b) { return content(a) < content(b); });
    std::vector<std::vector<std::uint64_t>> groups;
    for (auto first = sorted.begin(); first != sorted.end();) {
      const auto last = std::find_if(first, sorted.end(),
                                     [&](const FileFinding* found) { return content(found) != content(*first); });
      if (last - first > 1) {
        auto& group = groups.emplace_back();
        std::transform(first, last, std::back_inserter(group), [](const FileFinding* found) { return found->number; });
      }
      first = last;
    }
    std::sort(groups.begin(), groups.end());
    return groups;
  }
  static std::string listed(const std::map<std::string, std::size_t>& counts) {
    std::vector<std::string> texts;
    for (const auto& [name, count] : counts) {
      texts.push_back(fmt::format("{} {}", count, name));
    }
    return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
  }
  static void print_range(std::ostream& out, const char* name, std::vector<int> values) {
    std::sort(values.begin(), values.end());
    out << fmt::format("{:<14} {} to {} pixels, median {}\n", name, values.front(), values.back(),
                       values[values.size() / 2]);
  }
  void print_histogram(std::ostream& out) const {
    std::array<std::size_t, kBars.size() + 1> counts{};
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const int shorter = std::min(widths_[i], heights_[i]);
      const auto bar = std::upper_bound(kBars.begin(), kBars.end(), shorter) - kBars.begin();
      ++counts[static_cast<std::size_t>(bar)];
    }
    const std::size_t most = *std::max_element(counts.begin(), counts.end());
    out << "shorter side\n";
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const int from = i == 0 ? 0 : kBars[i - 1];
      const std::string label =
          i == kBars.size() ? fmt::format("from {}", from) : fmt::format("{} to {}", from, kBars[i] - 1);
      const auto width = (counts[i] * kBarWidth + most - 1) / most;
      out << fmt::format("  {:<12} {:>8}{}{}\n", label, counts[i], width > 0 ? " " : "", std::string(width, '#'));
    }
  }
  void print_advice(std::ostream& out) const {
    if (usable_ == readable_.size()) {
      return;
    }
    std::vector<int> shorter;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      shorter.push_back(std::min(widths_[i], heights_[i]));
    }
    std::sort(shorter.begin(), shorter.end());
    // The largest multiple of 64 that nine of ten readable photographs reach.
    const int size = shorter[shorter.size() / 10] / 64 * 64;
    if (size >= 64 && size < gt_size_) {
      const auto enough = std::count_if(shorter.begin(), shorter.end(), [&](int each) { return each >= size; });
      out << fmt::format("advice         data.gt_size={} could use {} of {}\n", size, enough, files_.size());
    }
  }

  const fs::path source_;
  const fs::path root_;
  const PackedPlaces& files_;
  const Findings& findings_;
  const int gt_size_;
  std::size_t usable_ = 0;
  std::size_t too_small_ = 0;
  std::size_t unreadable_ = 0;
  std::size_t rotated_ = 0;
  std::vector<int> widths_;  ///< of the readable ones
  std::vector<int> heights_;
  std::vector<std::uint64_t> readable_;
  std::map<std::string, std::size_t> formats_;
  std::map<std::string, std::size_t> converted_;
  std::vector<std::string> problems_;
};

}  // namespace

void check_photographs(const fs::path& folder, const CheckOptions& options, Communicator& comm, Log& log,
                       std::ostream& out) {
  check_extension(options.out, {".json"}, "JSON");
  check_extension(options.sheet, {".png"}, "PNG");
  if (!options.sheet.empty() && is_within(options.sheet, folder)) {
    throw UserError(
        "--sheet {}: lies in the folder of the photographs, and would replace one or be taken for one; name a place "
        "elsewhere",
        options.sheet.string());
  }
  check_file_writable(options.out, fmt::format("--out {}", options.out.string()));
  check_file_writable(options.sheet, fmt::format("--sheet {}", options.sheet.string()));
  ListingRemarks remarks;
  std::vector<std::string> unreadable;
  PackedPlaces files;
  on_first_rank(
      [&] {
        files =
            photographs_of(folder.string(), remarks, log, [&](const std::string& why) { unreadable.push_back(why); });
      },
      comm);
  files.broadcast(comm);
  const Findings findings = look_at_all(folder, files, comm, log);
  on_first_rank(
      [&] {
        const Report report(folder, files, findings, options.gt_size);
        report.print(out);
        for (const std::string& remark : remarks) {
          out << fmt::format("not read       {}\n", one_line(remark));
        }
        for (const std::string& each : unreadable) {
          out << fmt::format("not read       {}\n", one_line(each));
        }
        out.flush();
        if (!options.out.empty()) {
          make_folder(fs::absolute(options.out).parent_path());
          clean_temporaries_of(options.out);
          report.write(options.out);
        }
        if (const auto shown = report.some_readable(options.sheet_count); !options.sheet.empty() && !shown.empty()) {
          make_folder(fs::absolute(options.sheet).parent_path());
          clean_temporaries_of(options.sheet);
          PhotographReader reader(folder);
          write_png(options.sheet, draw_photograph_sheet(reader, shown));
        }
        if (report.usable() == 0) {
          throw UserError("{}: none of {} files can be used for data.gt_size={}: {}", folder.string(), files.size(),
                          options.gt_size, report.first_problems());
        }
        if (!unreadable.empty()) {
          throw UserError("{} of the folders could not be looked at, the first is {}", unreadable.size(),
                          unreadable.front());
        }
      },
      comm);
}

}  // namespace samsr
