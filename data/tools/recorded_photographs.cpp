#include "data/tools/recorded_photographs.h"

#include <algorithm>

#include "core/error.h"
#include "core/nested_paths.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;

RecordedPhotographs::RecordedPhotographs(fs::path folder, std::size_t bytes, const ImageLimits& limits, Log& log)
    : folder_(std::move(folder)),
      limits_(limits),
      log_(log),
      images_(bytes, [](const cv::Mat& image) { return image.total() * image.elemSize(); }) {}

fs::path RecordedPhotographs::path_of(const std::string& image, const std::string& where) const {
  const fs::path name(image);
  if (image.empty() || name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end()) {
    throw UserError("{}: its photograph '{}' is not below {}; only photographs of that folder are read", where,
                    printable(image), folder_.string());
  }
  const fs::path path = folder_ / name;
  if (!is_within(path, folder_)) {
    log_.warning("{} is a link to {}, outside {}", path.string(), fs::weakly_canonical(path).string(),
                 folder_.string());
  }
  return path;
}

cv::Mat RecordedPhotographs::read(const std::string& image, const std::string& where) {
  return images_.get(image, [&] {
    const fs::path path = path_of(image, where);
    try {
      return read_image(path, Bits::kEight, limits_).rgb;
    } catch (...) {
      throw UserError("{}", describe_failure(path.string(), std::current_exception()));
    }
  });
}

}  // namespace samsr
