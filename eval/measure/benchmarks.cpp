#include "eval/measure/benchmarks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <regex>
#include <set>

#include "core/error.h"
#include "core/named_path.h"
#include "core/nearest_name.h"
#include "core/yaml_entry.h"
#include "core/yaml_text.h"
#include "embedded/benchmarks_yaml.h"
#include "models/weights/sha256.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> expand_patterns(const std::vector<std::string>& patterns) {
  std::vector<std::string> names;
  for (const std::string& pattern : patterns) {
    const std::vector<std::string> expanded = expand_pattern(pattern);
    names.insert(names.end(), expanded.begin(), expanded.end());
  }
  return names;
}

/// SHA-256 by image name of "HEX FILE" lines.
std::map<std::string, std::string> read_digests(YamlEntry& entry) {
  std::map<std::string, std::string> digests;
  for (const std::string& line : entry.texts("sha256")) {
    std::smatch part;
    if (!std::regex_match(line, part, std::regex("([0-9a-f]{64}) +\\*?(.+)"))) {
      entry.fail("sha256: '" + line + "' is not a digest of 64 hexadecimal digits and a file's name");
    }
    digests[fs::path(part[2].str()).replace_extension().string()] = part[1];
  }
  return digests;
}

Benchmark read_benchmark(YamlEntry& entry, const fs::path& folder) {
  Benchmark benchmark;
  benchmark.name = entry.text("name");
  benchmark.title = entry.text("title");
  benchmark.lq = folder / entry.text("lq");
  if (const std::string gt = entry.optional_text("gt"); !gt.empty()) {
    benchmark.gt = folder / gt;
  }
  benchmark.count = entry.count("count");
  benchmark.names = expand_patterns(entry.texts("names"));
  benchmark.size = entry.count("size");
  if (const std::int64_t scale = entry.count("scale"); scale > 0) {
    benchmark.scale = scale;
  }
  benchmark.metrics = entry.optional_text("metrics");
  benchmark.address = entry.optional_text("address");
  benchmark.copy_count = entry.count("copy_count");
  benchmark.copy_address = entry.optional_text("copy_address");
  benchmark.digests = read_digests(entry);
  entry.finish();
  if (!benchmark.names.empty() && benchmark.count != 0 &&
      benchmark.count != static_cast<std::int64_t>(benchmark.names.size())) {
    entry.fail(fmt::format("count is {}, but names has {}", benchmark.count, benchmark.names.size()));
  }
  return benchmark;
}

/// Puts the images where they lie in `folder`: in the subfolders of a paired set, or directly.
void locate(Benchmark& benchmark, const fs::path& folder) {
  benchmark.folder = folder;
  constexpr std::array<std::array<const char*, 2>, 4> kPairs{{{"lq", "gt"}, {"lr", "hr"}, {"LR", "HR"}, {"LQ", "GT"}}};
  for (const auto& [low, high] : kPairs) {
    if (fs::is_directory(folder / low) && fs::is_directory(folder / high)) {
      benchmark.lq = folder / low;
      benchmark.gt = folder / high;
      return;
    }
  }
  benchmark.lq = folder;
  benchmark.gt.clear();
}

/// Whether these may be the images of the copy that lacks some: so many, and no more of the known names are missing
/// than the copy can lack.
bool is_copy(const Benchmark& benchmark, const ImageSet& lq) {
  const auto missing = std::count_if(benchmark.digests.begin(), benchmark.digests.end(),
                                     [&](const auto& known) { return !lq.contains(known.first); });
  return benchmark.copy_count > 0 && benchmark.copy_count == static_cast<std::int64_t>(lq.size()) &&
         missing <= benchmark.count - benchmark.copy_count;
}

void report_missing_names(const Benchmark& benchmark, const ImageSet& lq, InputProblems& problems) {
  std::vector<std::string> missing;
  std::copy_if(benchmark.names.begin(), benchmark.names.end(), std::back_inserter(missing),
               [&](const std::string& name) { return !lq.contains(name); });
  std::vector<std::string> extra;
  for (const auto& [name, path] : lq) {
    if (std::find(benchmark.names.begin(), benchmark.names.end(), name) == benchmark.names.end()) {
      extra.push_back(name);
    }
  }
  if (missing.empty() && extra.empty()) {
    return;
  }
  std::string text;
  if (!missing.empty()) {
    text += fmt::format("{} of {} images are missing: {}", missing.size(), benchmark.names.size(), first_few(missing));
  }
  if (!extra.empty()) {
    text += fmt::format("{}{} do not belong to it: {}", text.empty() ? "" : "; ", extra.size(), first_few(extra));
  }
  problems.add(fmt::format("{} in {}: {}; it is published at {}", benchmark.title, benchmark.lq.string(), text,
                           benchmark.address));
}

}  // namespace

std::vector<std::string> expand_pattern(const std::string& pattern) {
  const std::size_t open = pattern.find('{');
  if (open == std::string::npos) {
    return {pattern};
  }
  const std::size_t close = pattern.find('}', open);
  const std::size_t dots = pattern.find("..", open);
  int first = 0;
  int last = -1;
  const bool ranged = close != std::string::npos && dots != std::string::npos && dots < close;
  if (ranged) {
    std::from_chars(pattern.data() + open + 1, pattern.data() + dots, first);
    std::from_chars(pattern.data() + dots + 2, pattern.data() + close, last);
  }
  if (!ranged || last < first) {
    throw UserError("'{}': expected a range such as {{001..050}}", pattern);
  }
  const std::size_t width = dots - open - 1;
  std::vector<std::string> names;
  for (int number = first; number <= last; ++number) {
    names.push_back(fmt::format("{}{:0{}}{}", pattern.substr(0, open), number, width, pattern.substr(close + 1)));
  }
  return names;
}

BenchmarkCatalogue::BenchmarkCatalogue(const std::string& yaml, const std::string& source, const fs::path& folder) {
  for (const YAML::Node& node : yaml_catalogue(yaml, source, "benchmarks")) {
    YamlEntry entry(node, source);
    Benchmark benchmark = read_benchmark(entry, folder);
    if (std::any_of(all_.begin(), all_.end(), [&](const Benchmark& other) { return other.name == benchmark.name; })) {
      entry.fail("'" + benchmark.name + "' is listed twice");
    }
    all_.push_back(std::move(benchmark));
  }
}

Benchmark BenchmarkCatalogue::find(const std::string& argument, std::int64_t scale) const {
  const std::size_t equals = argument.find('=');
  const std::string name = argument.substr(0, equals);
  const auto listed =
      std::find_if(all_.begin(), all_.end(), [&](const Benchmark& benchmark) { return benchmark.name == name; });
  if (listed != all_.end() && equals == std::string::npos) {
    return *listed;
  }
  const NamedPath place = NamedPath::parse(argument);
  if (place.name_given && !fs::is_directory(place.path)) {
    throw UserError("--benchmark {}: {} is no folder", argument, place.path.string());
  }
  if (!fs::is_directory(place.path)) {
    std::vector<std::string> names;
    for (const Benchmark& benchmark : all_) {
      names.push_back(benchmark.name);
    }
    const std::string near = nearest_name(name, names);
    throw UserError("--benchmark {}: neither a benchmark of the catalogue{} nor a folder", argument,
                    near.empty() ? "" : " (did you mean '" + near + "'?)");
  }
  Benchmark benchmark;
  if (listed != all_.end() && place.name_given) {
    benchmark = *listed;
  } else {
    benchmark.name = place.name;
    benchmark.title = place.name;
    benchmark.scale = scale;
  }
  locate(benchmark, place.path);
  return benchmark;
}

std::vector<Benchmark> BenchmarkCatalogue::find_all(const std::vector<std::string>& arguments,
                                                    std::int64_t scale) const {
  std::vector<Benchmark> found;
  std::set<std::string> names;
  for (const std::string& argument : arguments) {
    found.push_back(find(argument, scale));
    check_folder_name(found.back().name, "--benchmark " + argument);
    if (!names.insert(found.back().name).second) {
      throw UserError("two benchmarks are called '{}': give one another name with --benchmark NAME=DIR",
                      found.back().name);
    }
  }
  return found;
}

BenchmarkCatalogue load_benchmarks(const fs::path& file, const fs::path& folder) {
  const char* chosen = std::getenv("SAMSR_BENCHMARKS");
  const fs::path place = !folder.empty() ? folder : (chosen != nullptr && *chosen != '\0' ? chosen : "testdata");
  return file.empty() ? BenchmarkCatalogue(std::string(embedded::benchmarks_yaml), "configs/benchmarks.yaml", place)
                      : BenchmarkCatalogue(read_yaml_file(file), file.string(), place);
}

void check_presence(const Benchmark& benchmark) {
  for (const fs::path& folder : {benchmark.lq, benchmark.gt}) {
    if (!benchmark.address.empty() && !folder.empty() && !fs::is_directory(folder)) {
      throw UserError(
          "{} is not in {}: it is published at {}; put it there, name the folder of all benchmarks with "
          "eval.benchmarks "
          "(SAMSR_BENCHMARKS), or its place with --benchmark {}=DIR",
          benchmark.title, folder.string(), benchmark.address, benchmark.name);
    }
  }
}

void check_completeness(const Benchmark& benchmark, const ImageSet& lq, InputProblems& problems) {
  if (!benchmark.names.empty()) {
    report_missing_names(benchmark, lq, problems);
  } else if (is_copy(benchmark, lq)) {
    problems.add(fmt::format(
        "{} in {}: this is the copy of {}, which has {} of the {} images; published figures are means over all of "
        "them, which are at {}",
        benchmark.title, benchmark.lq.string(), benchmark.copy_address, lq.size(), benchmark.count, benchmark.address));
  } else if (benchmark.count != 0 && benchmark.count != static_cast<std::int64_t>(lq.size())) {
    problems.add(fmt::format("{} in {}: {} images instead of {}; it is published at {}", benchmark.title,
                             benchmark.lq.string(), lq.size(), benchmark.count, benchmark.address));
  }
}

std::string changed_files(const Benchmark& benchmark, const ImageSet& lq) {
  std::vector<std::string> changed;
  std::size_t compared = 0;
  for (const auto& [name, digest] : benchmark.digests) {
    const auto image = lq.find(name);
    if (image == lq.end()) {
      continue;
    }
    try {
      if (sha256_of_file(image->second) != digest) {
        changed.push_back(image->second.filename().string());
      }
      ++compared;
    } catch (const UserError&) {  // unreadable, which measuring says
    }
  }
  if (changed.empty()) {
    return {};
  }
  return fmt::format(
      "{} in {}: {} of {} files whose SHA-256 is known differ from those published at {}: {}; figures are of what is "
      "here",
      benchmark.title, benchmark.lq.string(), changed.size(), compared, benchmark.address, first_few(changed));
}

}  // namespace samsr
