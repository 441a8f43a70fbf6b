#include "data/tools/decoded_photographs.h"

#include <fmt/format.h>

#include "core/error.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"

namespace samsr {

DecodedPhotographs::DecodedPhotographs(PhotographSources sources, std::size_t bytes, const ImageLimits& limits,
                                       Log& log)
    : files_(std::move(sources), limits, log),
      limits_(limits),
      images_(bytes, [](const cv::Mat& image) { return image.total() * image.elemSize(); }) {}

cv::Mat DecodedPhotographs::read(const std::string& image, std::uint32_t source, const std::string& where,
                                 const Photograph* listed) {
  return images_.get(fmt::format("{}/{}", source, image), [&] {
    const std::string file = files_.read(image, source, where, listed);
    try {
      return decode_image(file, image, Bits::kEight, limits_).rgb;
    } catch (...) {
      throw UserError("{}", describe_failure(image, std::current_exception()));
    }
  });
}

}  // namespace samsr
