#include "data/photographs/check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "comm/gather_json.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "core/output.h"
#include "core/progress.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/photographs/listing.h"
#include "data/photographs/sheet.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamed = 3;
/// Upper ends of the bars of the histogram of shorter sides, pixels; the last bar is open.
constexpr std::array<int, 7> kBars = {64, 128, 256, 512, 1024, 2048, 4096};
constexpr int kBarWidth = 40;

struct FileFinding {
  std::string format;
  int width = 0;  ///< upright
  int height = 0;
  bool rotated = false;   ///< by the orientation that it gives
  std::string converted;  ///< ImageFile::converted(), comma-joined
  std::string content;    ///< equal for files of equal bytes
  std::string problem;    ///< one line; empty when the picture was read

  int shorter() const { return std::min(width, height); }
};

nlohmann::json look_at(const fs::path& root, const PhotographPlace& place) {
  const fs::path path = root / place.path;
  FileFinding found;
  try {
    const std::string file = read_photograph_file(root, place, {});
    found.content = fmt::format("{:08x}-{}", crc32c(file.data(), file.size()), file.size());
    const ImageFile image = decode_image(file, path.string());
    found.width = image.rgb.cols;
    found.height = image.rgb.rows;
    found.format = image.format;
    found.rotated = image.turned;
    found.converted = fmt::format("{}", fmt::join(image.converted(), ", "));
  } catch (...) {
    found.problem = describe_failure(path.string(), std::current_exception());
  }
  return {found.format, found.width, found.height, found.rotated, found.converted, found.content, found.problem};
}

std::vector<FileFinding> look_at_all(const fs::path& root, const std::vector<PhotographPlace>& files,
                                     Communicator& comm, Log& log) {
  Progress progress(log, "reading photographs", static_cast<std::int64_t>(files.size()), "files");
  nlohmann::json local = nlohmann::json::array();
  for (auto i = static_cast<std::size_t>(comm.rank()); i < files.size(); i += static_cast<std::size_t>(comm.size())) {
    local.push_back(look_at(root, files[i]));
    progress.advance(comm.size());
  }
  std::vector<FileFinding> all;
  for (const nlohmann::json& each : gather_results(comm, local)) {
    all.push_back({each.at(0), each.at(1), each.at(2), each.at(3), each.at(4), each.at(5), each.at(6)});
  }
  return all;
}

/// What the findings come to.
class Report {
 public:
  Report(const fs::path& source, const std::vector<PhotographPlace>& files, const std::vector<FileFinding>& findings,
         int gt_size)
      : source_(source), root_(root_of_source(source)), files_(files), gt_size_(gt_size) {
    for (std::size_t i = 0; i < findings.size(); ++i) {
      enter(i, findings[i]);
    }
  }

  std::size_t usable() const { return usable_; }
  const std::vector<PhotographPlace>& readable() const { return readable_; }
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
      for (const std::size_t each : group) {
        names.push_back(name_of(each));
      }
      json["duplicates"].push_back(names);
    }
    write_file_atomically(path, json_text(json, 2) + "\n");
  }

 private:
  std::string name_of(std::size_t index) const { return (root_ / files_[index].path).string(); }
  void enter(std::size_t index, const FileFinding& found) {
    if (!found.content.empty()) {
      by_content_[found.content].push_back(index);
    }
    if (!found.problem.empty()) {
      ++unreadable_;
      problems_.push_back(found.problem);
      return;
    }
    readable_.push_back(files_[index]);
    ++formats_[found.format];
    widths_.push_back(found.width);
    heights_.push_back(found.height);
    rotated_ += found.rotated ? 1 : 0;
    for (const char* kind : {"grey", "16-bit", "CMYK", "alpha"}) {
      if (found.converted.find(kind) != std::string::npos) {
        ++converted_[kind];
      }
    }
    if (found.shorter() < gt_size_) {
      ++too_small_;
      problems_.push_back(fmt::format("{}: {}×{} pixels", name_of(index), found.width, found.height));
    } else {
      ++usable_;
    }
  }

  std::vector<std::vector<std::size_t>> duplicates() const {
    std::vector<std::vector<std::size_t>> groups;
    for (const auto& [content, indices] : by_content_) {
      if (indices.size() > 1) {
        groups.push_back(indices);
      }
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
  const std::vector<PhotographPlace>& files_;
  const int gt_size_;
  std::size_t usable_ = 0;
  std::size_t too_small_ = 0;
  std::size_t unreadable_ = 0;
  std::size_t rotated_ = 0;
  std::vector<int> widths_;  ///< of the readable ones
  std::vector<int> heights_;
  std::vector<PhotographPlace> readable_;
  std::map<std::string, std::size_t> formats_;
  std::map<std::string, std::size_t> converted_;
  std::map<std::string, std::vector<std::size_t>> by_content_;
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
  const std::vector<PhotographPlace> files =
      photographs_of(folder.string(), remarks, log, [&](const std::string& why) { unreadable.push_back(why); });
  const std::vector<FileFinding> findings = look_at_all(root_of_source(folder), files, comm, log);
  const Report report(folder, files, findings, options.gt_size);
  if (comm.rank() == 0) {
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
    if (!options.sheet.empty() && !report.readable().empty()) {
      make_folder(fs::absolute(options.sheet).parent_path());
      clean_temporaries_of(options.sheet);
      write_png(options.sheet, draw_photograph_sheet(root_of_source(folder), report.readable(), options.sheet_count));
    }
  }
  comm.barrier();
  if (report.usable() == 0) {
    throw UserError("{}: none of {} files can be used for data.gt_size={}: {}", folder.string(), files.size(),
                    options.gt_size, report.first_problems());
  }
  if (!unreadable.empty()) {
    throw UserError("{} of the folders could not be looked at, the first is {}", unreadable.size(), unreadable.front());
  }
}

}  // namespace samsr
