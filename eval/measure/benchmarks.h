#pragma once
// Sets of images that published tables are measured on (configs/benchmarks.yaml), and any folder.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "eval/measure/comparison.h"
#include "eval/measure/input_problems.h"

namespace samsr {

struct Benchmark {
  std::string name;                            ///< "realsr"; names folders and entries of results
  std::string title;                           ///< "RealSR", for tables
  std::filesystem::path lq;                    ///< low-resolution images
  std::filesystem::path gt;                    ///< references; empty: there are none
  std::filesystem::path folder;                ///< that the user named for both; empty for others
  std::int64_t count = 0;                      ///< images that the published set has; 0 for any number
  std::vector<std::string> names;              ///< what they are called; empty when that is not known
  std::int64_t size = 0;                       ///< side of every reference, in pixels; 0 for any
  std::int64_t scale = 4;                      ///< size of a result over that of its low-resolution image
  std::string metrics;                         ///< comma-separated; empty for all that can be computed
  std::string address;                         ///< where it is published
  std::int64_t copy_count = 0;                 ///< images of a published copy that lacks some; 0: no such copy is known
  std::string copy_address;                    ///< where that copy is published
  std::map<std::string, std::string> digests;  ///< SHA-256 of low-resolution files, as far as known, by image name
};

class BenchmarkCatalogue {
 public:
  /// `yaml` of the form of configs/benchmarks.yaml; `source` stands for it in messages; the sets lie below `folder`.
  /// UserError naming the place of an entry that lacks a field, has an unknown one, or repeats a name.
  BenchmarkCatalogue(const std::string& yaml, const std::string& source, const std::filesystem::path& folder);

  const std::vector<Benchmark>& all() const { return all_; }

  /// The benchmark of an argument: NAME of the catalogue, where it lies below the folder; NAME=DIR, where it lies in
  /// DIR; or any folder DIR or NAME=DIR, measured at `scale`: paired when it has the subfolders gt and lq (or hr and
  /// lr), otherwise low-resolution images. UserError with the nearest name when it is neither.
  Benchmark find(const std::string& argument, std::int64_t scale) const;

  /// One for each argument. UserError also when two have the same name, or one has a name that no folder can have.
  std::vector<Benchmark> find_all(const std::vector<std::string>& arguments, std::int64_t scale) const;

 private:
  std::vector<Benchmark> all_;
};

/// The shipped catalogue, or that of `file` when given; the sets lie below `folder`, or when that is empty, below
/// $SAMSR_BENCHMARKS, else "testdata". UserError when the file cannot be read.
BenchmarkCatalogue load_benchmarks(const std::filesystem::path& file, const std::filesystem::path& folder);

/// UserError when the folders of a published set are not there: where it is published and where to put it.
void check_presence(const Benchmark& benchmark);

/// A problem unless `lq` holds what the published set holds: it says how many images are there, the first that are
/// missing or too many, or that this is the copy that lacks some, and where the set is published.
void check_completeness(const Benchmark& benchmark, const ImageSet& lq, InputProblems& problems);

/// One line that names the files of `lq` that differ from those published, of those whose SHA-256 is known; empty when
/// none does. A file that cannot be read is left to those who measure it.
std::string changed_files(const Benchmark& benchmark, const ImageSet& lq);

/// The names that a pattern stands for: "Canon_{001..050}_LR4" counts up with the width of the first number.
/// UserError for a pattern with an unclosed brace or an empty range.
std::vector<std::string> expand_pattern(const std::string& pattern);

}  // namespace samsr
