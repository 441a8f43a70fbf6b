#include "data/photographs/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "data/images/image_file.h"
#include "data/images/picture_failure.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr int kColumns = 6;
constexpr int kSide = 160;
constexpr int kLabelHeight = 18;
constexpr int kGap = 8;
constexpr std::size_t kLongestLabel = 24;

/// Grey where the picture cannot be read any more.
cv::Mat picture_of(PhotographReader& reader, const PhotographPlace& place) {
  try {
    return decode_image(reader.read(place), place.path).rgb;
  } catch (...) {
    describe_failure(place.path, std::current_exception());  // a fault of the program passes through
    return cv::Mat(kSide, kSide, CV_8UC3, cv::Scalar::all(128));
  }
}

void draw(PhotographReader& reader, const PhotographPlace& place, cv::Mat cell) {
  const cv::Mat rgb = picture_of(reader, place);
  const double scale = std::min(1.0, static_cast<double>(kSide) / std::max(rgb.cols, rgb.rows));
  const cv::Size size(std::max(1, static_cast<int>(rgb.cols * scale)), std::max(1, static_cast<int>(rgb.rows * scale)));
  cv::Mat small;
  cv::resize(rgb, small, size, 0, 0, cv::INTER_AREA);
  small.copyTo(cell(cv::Rect(cv::Point(0, kLabelHeight), size)));
  const std::string dimensions = fmt::format(" {}x{}", rgb.cols, rgb.rows);
  // The end of a name tells more than its beginning.
  const std::string name = fs::path(place.path).filename().string();
  const std::size_t room = kLongestLabel - std::min(kLongestLabel, dimensions.size());
  const std::string shown = name.size() > room ? name.substr(name.size() - room) : name;
  cv::putText(cell, shown + dimensions, cv::Point(0, kLabelHeight - 6), cv::FONT_HERSHEY_SIMPLEX, 0.32,
              cv::Scalar::all(0), 1, cv::LINE_AA);
}

}  // namespace

cv::Mat draw_photograph_sheet(PhotographReader& reader, const std::vector<PhotographPlace>& photographs) {
  const int rows = (static_cast<int>(photographs.size()) + kColumns - 1) / kColumns;
  cv::Mat sheet(rows * (kSide + kLabelHeight + kGap) + kGap, kColumns * (kSide + kGap) + kGap, CV_8UC3,
                cv::Scalar::all(255));
  for (std::size_t i = 0; i < photographs.size(); ++i) {
    const int column = static_cast<int>(i) % kColumns;
    const int row = static_cast<int>(i) / kColumns;
    const cv::Rect cell(kGap + column * (kSide + kGap), kGap + row * (kSide + kLabelHeight + kGap), kSide,
                        kSide + kLabelHeight);
    draw(reader, photographs[i], sheet(cell));
  }
  return sheet;
}

}  // namespace samsr
