#include "data/tools/imagenet_test.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "comm/hold_folder.h"
#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "core/rng.h"
#include "core/setting_lines.h"
#include "data/build/single_threaded.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "data/tools/centre_square.h"
#include "data/tools/published_choice.h"
#include "data/tools/sample_faults.h"
#include "data/tools/test_set_names.h"
#include "degradation/pipeline.h"
#include "degradation/presets.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRecordFile = "record.jsonl";
constexpr const char* kUnfinished = ".samsr-imagenet-test";  ///< folder: what a run that has not finished has made
constexpr const char* kPlanFile = "plan";
constexpr const char* kTestSetFormat = "samsr-imagenet-test/1";
constexpr int kTestSide = 256;
constexpr int kTestScale = 4;

DegradationSettings testing_degradation() {
  DegradationSettings degradation;
  Settings registry;
  degradation.bind(registry);
  degradation.preset = "resshift_testing";  // whose values follow, so that a record names them
  registry.load_text(degradation_preset(degradation.preset), "configs/degradation/resshift_testing.yaml");
  return degradation;
}

/// The photographs of the set by name, and how they came to be chosen.
struct TestSetPlan {
  TestSetNames pictures;
  std::string choice;
};

TestSetPlan plan_test_set(const ImagenetTestOptions& options) {
  if (is_within(options.out, options.images) || is_within(options.images, options.out)) {
    throw UserError("--out {}: the folders of the photographs ({}) and of the test set must lie apart; name another",
                    options.out.string(), options.images.string());
  }
  const std::vector<std::string> photographs = sorted_photographs(options.images);
  if (!options.list.empty()) {
    return {listed_photographs(photographs, options.list), "listed"};
  }
  if (photographs.size() < options.count) {
    throw UserError("{}: has {} photographs, {} are to be chosen; name the whole validation set, or give --count {}",
                    options.images.string(), photographs.size(), options.count, photographs.size());
  }
  std::vector<std::string> chosen;
  for (const std::uint64_t number : published_choice(photographs.size(), options.count, options.seed)) {
    chosen.push_back(photographs[number]);
  }
  const ImagenetTestOptions published;
  const bool same =
      is_imagenet_in_classes(photographs) && options.count == published.count && options.seed == published.seed;
  return {names_of(chosen), same ? "published" : fmt::format("seeded, of {} photographs", photographs.size())};
}

/// "key: value" lines of all that the set's bytes depend on beside the photographs.
std::string describe_plan(const ImagenetTestOptions& options, const TestSetPlan& plan) {
  std::string names;
  for (const auto& [name, photograph] : plan.pictures) {
    names += name + '\n';
  }
  return fmt::format("format: {}\ntool: samsr {}\nseed: {}\nchoice: {}\npictures: {}\nnames: {:08x}\n", kTestSetFormat,
                     SAMSR_VERSION, options.seed, plan.choice, plan.pictures.size(),
                     crc32c(names.data(), names.size())) +
         section_lines(testing_degradation());
}

/// The lines as one of JSON, the first of the record.
std::string header_line(const std::string& description) {
  nlohmann::ordered_json header;
  std::istringstream lines(description);
  for (std::string line; std::getline(lines, line);) {
    const auto [key, value] = split_setting_line(line);
    header[key] = value;
  }
  header["resize"] = "shorter side 256, bilinear (cv::INTER_LINEAR on floats, no antialiasing); centre square";
  return json_text(header);
}

std::string description_of_header(const std::string& line, const std::string& source) {
  std::string description;
  for (const auto& [key, value] : JsonEntry::parse(line, source).items()) {
    if (key != "resize") {
      description += fmt::format("{}: {}\n", key, value.as_text());
    }
  }
  return description;
}

/// The folder of a test set, for the run that holds it: what is there, and what is done.
class TestSetFolder {
 public:
  explicit TestSetFolder(fs::path folder) : folder_(std::move(folder)) {}

  fs::path picture(const char* part, const std::string& name) const { return folder_ / part / (name + ".png"); }
  fs::path part_record(const std::string& name) const { return folder_ / kUnfinished / (name + ".json"); }

  /// Begins or goes on. UserError when the folder holds another set, or pictures that no run of samsr left.
  void open(const std::string& description) const {
    const std::optional<std::string> there = description_there();
    if (there && parse_setting_lines(*there) != parse_setting_lines(description)) {
      throw UserError("{}: holds another test set: {}; name another folder, or remove it", folder_.string(),
                      first_difference(*there, description));
    }
    for (const char* part : {"lq", "gt"}) {
      if (!there && fs::exists(folder_ / part) && !fs::is_empty(folder_ / part)) {
        throw UserError("{}: holds files that `samsr data imagenet-test` has not written; name another folder",
                        (folder_ / part).string());
      }
    }
    make_folder(folder_ / kUnfinished);
    clean_temporaries(folder_);
    clean_temporaries(folder_ / kUnfinished);
    write_file_atomically(folder_ / kUnfinished / kPlanFile, description);
    for (const char* part : {"lq", "gt"}) {
      make_folder(folder_ / part);
      clean_temporaries(folder_ / part);
    }
  }

  /// Name → record, of pictures that are complete.
  std::map<std::string, std::string> complete(const TestSetNames& pictures) const {
    std::map<std::string, std::string> records;
    for (const std::string& line : record_lines()) {
      const std::string name = JsonEntry::parse(line, (folder_ / kRecordFile).string()).exact_text("name");
      records[name] = line;
    }
    for (const auto& [name, photograph] : pictures) {
      if (fs::exists(part_record(name))) {
        records[name] = read_file(part_record(name));
      }
    }
    std::erase_if(records, [&](const auto& record) {
      return !pictures.contains(record.first) || !fs::exists(picture("lq", record.first)) ||
             !fs::exists(picture("gt", record.first));
    });
    return records;
  }

  /// The record, when every picture is there; takes away what only unfinished runs need.
  void finish(const std::string& header, const TestSetNames& pictures) const {
    std::string record = header + '\n';
    for (const auto& [name, line] : complete(pictures)) {
      record += line + '\n';
    }
    write_file_atomically(folder_ / kRecordFile, record);
    fs::remove_all(folder_ / kUnfinished);
  }

 private:
  std::optional<std::string> description_there() const {
    if (fs::exists(folder_ / kUnfinished / kPlanFile)) {
      return read_file(folder_ / kUnfinished / kPlanFile);
    }
    const fs::path record = folder_ / kRecordFile;
    if (!fs::exists(record)) {
      return std::nullopt;
    }
    const std::string text = read_file(record);
    return description_of_header(text.substr(0, text.find('\n')), record.string());
  }

  /// The lines of a finished set's record, but for the first.
  std::vector<std::string> record_lines() const {
    std::vector<std::string> lines;
    if (fs::exists(folder_ / kRecordFile)) {
      std::istringstream text(read_file(folder_ / kRecordFile));
      for (std::string line; std::getline(text, line);) {
        lines.push_back(line);
      }
      lines.erase(lines.begin(), lines.begin() + std::min<std::ptrdiff_t>(1, std::ssize(lines)));
    }
    return lines;
  }

  const fs::path folder_;
};

/// Makes pictures on one rank.
class TestPictureMaker {
 public:
  TestPictureMaker(const ImagenetTestOptions& options, const TestSetFolder& folder)
      : options_(options), folder_(folder), degradation_(testing_degradation(), kTestScale) {}

  /// Both pictures, then the record that says they are complete. UserError when the photograph cannot be read.
  void make(const std::string& name, const std::string& photograph) const {
    const fs::path path = options_.images / photograph;
    const std::string file = read_picture_file(path);
    const ImageFile image = decode_image(file, path.string());
    const CentreSquare square = centre_square(image.rgb, kTestSide);
    const std::uint64_t seed = derive_seed(options_.seed, "imagenet-test " + name);
    const DegradedPair pair = degradation_.degrade(square.image, kTestSide, seed);
    write_png(folder_.picture("gt", name), pair.hr);
    write_png(folder_.picture("lq", name), pair.lr);
    nlohmann::ordered_json record;
    put_exact_text(record, "name", name);
    put_exact_text(record, "photograph", photograph);
    record["crc32c"] = fmt::format("{:08x}", crc32c(file.data(), file.size()));
    record["size"] = {image.rgb.cols, image.rgb.rows};
    record["scaled"] = {square.scaled.width, square.scaled.height};
    record["corner"] = {square.corner.x, square.corner.y};
    record["seed"] = seed;
    record["degradation"] = nlohmann::ordered_json::parse(pair.drawn);
    write_file_atomically(folder_.part_record(name), json_text(record));
  }

 private:
  const ImagenetTestOptions& options_;
  const TestSetFolder& folder_;
  const DegradationPipeline degradation_;
};

/// Name and photograph of the pictures that are to be made, as rank 0 knows them. Collective.
std::vector<std::pair<std::string, std::string>> share_missing(const TestSetNames& missing, Communicator& comm) {
  std::vector<std::string> fields;
  for (const auto& [name, photograph] : missing) {
    fields.insert(fields.end(), {name, photograph});
  }
  const std::vector<std::string> shared = split_fields(comm.gather(join_fields(fields)).front());
  std::vector<std::pair<std::string, std::string>> pictures;
  for (std::size_t i = 0; i + 1 < shared.size(); i += 2) {
    pictures.emplace_back(shared[i], shared[i + 1]);
  }
  return pictures;
}

void tell_test_set(const ImagenetTestOptions& options, const TestSetPlan& plan, Log& log) {
  if (plan.choice == "published") {
    log.info("names: those of the published set");
  } else if (options.list.empty()) {
    log.info(
        "names: chosen with seed {}; the published ones come out of ImageNet's 50,000 validation pictures in class "
        "folders (n01440764/…), or of --list NAMES",
        options.seed);
  }
  log.info("{}: {} pairs, lq of {} and gt of {} pixels, and {}: seed, version and what was drawn for each",
           options.out.string(), plan.pictures.size(), kTestSide / kTestScale, kTestSide, kRecordFile);
}

}  // namespace

void make_imagenet_test(const ImagenetTestOptions& options, Communicator& comm, Log& log) {
  const SingleThreaded single_threaded;
  TestSetPlan plan;  // of rank 0
  on_first_rank([&] { plan = plan_test_set(options); }, comm);
  const auto held = hold_folder(options.out, "data imagenet-test", comm, log);
  const TestSetFolder folder(options.out);
  const std::string description = describe_plan(options, plan);
  TestSetNames missing = plan.pictures;
  on_first_rank(
      [&] {
        folder.open(description);
        const auto complete = folder.complete(plan.pictures);
        std::erase_if(missing, [&](const auto& picture) { return complete.contains(picture.first); });
        if (!complete.empty()) {
          log.info("{} of {} pairs are complete and kept", complete.size(), plan.pictures.size());
        }
      },
      comm);
  const auto pictures = share_missing(missing, comm);
  const TestPictureMaker maker(options, folder);
  SampleFaults own;
  const auto make = [&](std::uint64_t item, const ReportWork&) {
    const auto& [name, photograph] = pictures[item];
    try {
      maker.make(name, photograph);
    } catch (const DiskError&) {
      throw;
    } catch (...) {
      own.emplace(item, describe_failure((options.images / photograph).string(), std::current_exception()));
    }
  };
  work_through({.task = "degrading",
                .unit = "pictures",
                .items = pictures.size(),
                .done = plan.pictures.size() - missing.size()},
               make, comm, log);
  check_hold(held.get(), comm);
  const SampleFaults faults = gather_faults(own, comm);
  for (const auto& [item, line] : faults) {
    log.warning("left out: {}", line);
  }
  if (!faults.empty()) {
    throw UserError(
        "{} of {} pictures could not be made; the others are in {}, and the same command goes on with these",
        faults.size(), pictures.size(), options.out.string());
  }
  on_first_rank([&] { folder.finish(header_line(description), plan.pictures); }, comm);
  if (comm.rank() == 0) {
    tell_test_set(options, plan, log);
  }
}

}  // namespace samsr
