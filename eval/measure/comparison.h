#pragma once
// What is measured: the images of several methods on one set, matched by name.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "data/images/codec.h"
#include "eval/measure/image_set.h"
#include "eval/measure/input_problems.h"

namespace samsr {

/// A method whose images lie in a folder.
struct EvalMethod {
  std::string name;
  std::filesystem::path folder;
  std::string source = {};  ///< what made the images, for tables; empty: the folder
  double seconds_per_image = std::numeric_limits<double>::quiet_NaN();  ///< NaN when not measured
  double parameters = std::numeric_limits<double>::quiet_NaN();         ///< millions; NaN when unknown
};

/// What is to be compared.
struct EvalRequest {
  std::vector<EvalMethod> methods;
  std::filesystem::path reference;  ///< empty: only metrics that need none
  std::filesystem::path lq;         ///< low-resolution images: adds the row `bicubic`; empty: no such row
};

/// The method whose results are the low-resolution images, enlarged: in every comparison that has such images.
inline constexpr const char* kBicubicRow = "bicubic";

/// One row of the table to be.
struct ComparedMethod {
  EvalMethod method;
  ImageSet images;           ///< those that are measured
  std::int64_t enlarge = 1;  ///< factor by which each image is enlarged first: the row `bicubic`
};

/// Images that belong together. Every name of a method is one of `references` and of `lq`, where these are given.
struct Comparison {
  std::filesystem::path reference_folder;  ///< empty: no references
  ImageSet references;
  std::filesystem::path lq_folder;  ///< empty: no low-resolution images
  ImageSet lq;
  std::int64_t scale = 4;  ///< size of a result over that of its low-resolution image
  ImageLimits images{};    ///< of pictures that are read
  // Of metrics of whole sets:
  std::filesystem::path features{};              ///< folder where features are kept; empty: they are not
  std::filesystem::path statistics{};            ///< folder that mean and covariance go to; empty: they do not
  std::filesystem::path reference_statistics{};  ///< file that takes the references' place; empty: none does
  std::vector<ComparedMethod> methods;
};

/// UserError, beginning with `what` ("--out report"), when `out` lies in a folder of pictures, which may be empty or no
/// folder: what is written would replace one, or be taken for one the next time.
void check_outside(const std::filesystem::path& pictures, const std::filesystem::path& out, const std::string& what);

/// Lists and matches the folders of `request`. UserError when nothing is asked for, two methods have one name, or the
/// references or the low-resolution images cannot be used. Input problems: names that do not match (what matches is
/// kept), and those of add_method().
Comparison plan_comparison(const EvalRequest& request, std::int64_t scale, InputProblems& problems);

/// Adds a method whose images are compared with the references, else the low-resolution images, else those of the first
/// method. UserError when there is a method of that name. Input problems: a folder that is missing or empty (the method
/// is left out), files that are no images, and names that do not match (what matches is kept).
void add_method(Comparison& comparison, const EvalMethod& method, InputProblems& problems);

}  // namespace samsr
