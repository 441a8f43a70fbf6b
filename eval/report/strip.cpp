#include "eval/report/strip.h"

#include <algorithm>
#include <opencv2/core.hpp>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nearest_name.h"
#include "core/output.h"
#include "data/images/image_file.h"
#include "eval/measure/picture_rows.h"

namespace samsr {
namespace {

/// What a line may be wide where nobody asks for a number of columns: labels stay readable on a page that shrinks it.
constexpr int kLineWidth = 1500;
constexpr int kFewestColumns = 4;  // low resolution, bicubic, a result, the reference
/// Up to here, in pixels, a picture gets room beside it for its label.
constexpr int kLabelRoom = 192;
/// Between images of several lines, so that it is seen which lines belong together.
constexpr int kImageGap = 24;

std::vector<std::string> names_of_strip(const Comparison& comparison, const StripSettings& settings) {
  if (settings.names.empty()) {
    return spread_names(comparison, settings.count);
  }
  const std::vector<std::string> known = shared_names(comparison);
  for (const std::string& name : settings.names) {
    if (!std::binary_search(known.begin(), known.end(), name)) {
      const std::string near = did_you_mean(name, known);
      throw UserError("'{}' is none of the {} images{}; they are named without extension", name, known.size(),
                      near.empty() ? ", such as '" + known.front() + "'" : near);
    }
  }
  return settings.names;
}

/// `image` with white at its right and bottom up to this size.
cv::Mat padded(const cv::Mat& image, int height, int width) {
  cv::Mat out;
  cv::copyMakeBorder(image, out, 0, height - image.rows, 0, width - image.cols, cv::BORDER_CONSTANT,
                     cv::Scalar::all(255));
  return out;
}

/// Of these many pictures, lines as even as can be.
std::size_t even_columns(std::size_t pictures, int width) {
  const auto most = static_cast<std::size_t>(std::max((kLineWidth - kRowGap) / (width + kRowGap), kFewestColumns));
  const std::size_t lines = (pictures + most - 1) / most;
  return (pictures + lines - 1) / lines;
}

/// One image: its pictures in lines of `columns`, 0 for even ones.
cv::Mat draw_image(std::vector<Picture> pictures, std::size_t columns) {
  int width = pictures.front().rgb.cols;
  for (const Picture& picture : pictures) {
    width = std::max(width, std::min(label_width(picture.label), kLabelRoom));
  }
  for (Picture& picture : pictures) {
    picture.rgb = padded(picture.rgb, picture.rgb.rows, width);
  }
  columns = std::min(columns > 0 ? columns : even_columns(pictures.size(), width), pictures.size());
  cv::Mat lines;
  for (std::size_t begin = 0; begin < pictures.size(); begin += columns) {
    const auto line = std::span(pictures).subspan(begin, std::min(columns, pictures.size() - begin));
    const cv::Mat drawn = draw_row({line.begin(), line.end()});
    lines.push_back(padded(drawn, drawn.rows, lines.empty() ? drawn.cols : lines.cols));
  }
  return columns < pictures.size() ? padded(lines, lines.rows + kImageGap, lines.cols) : lines;
}

}  // namespace

cv::Mat draw_strip(const Comparison& comparison, const StripSettings& settings) {
  std::vector<cv::Mat> drawn;
  int width = 0;
  for (const std::string& name : names_of_strip(comparison, settings)) {
    const std::vector<PictureRow> row = picture_rows(comparison, {name}, settings.crop);
    if (row.empty()) {
      throw UserError(
          "{}: its pictures differ in size, so that they cannot stand side by side; results are {} times as "
          "large as the low-resolution images",
          name, comparison.scale);
    }
    drawn.push_back(draw_image(row.front().pictures, static_cast<std::size_t>(settings.columns)));
    width = std::max(width, drawn.back().cols);
  }
  for (cv::Mat& row : drawn) {
    row = padded(row, row.rows, width);
  }
  cv::Mat strip;
  cv::vconcat(drawn, strip);
  return strip;
}

void write_strip(const EvalRequest& request, std::int64_t scale, const StripSettings& settings,
                 const std::filesystem::path& out, Log& log) {
  if (extension_of(out) != ".png") {
    throw UserError("{}: expected a name that ends in .png, which is what is written", out.string());
  }
  check_outside(request.lq, out, out.string());
  check_outside(request.reference, out, out.string());
  for (const EvalMethod& method : request.methods) {
    check_outside(method.folder, out, out.string());
  }
  InputProblems strict;
  const cv::Mat strip = draw_strip(plan_comparison(request, scale, strict), settings);
  if (out.has_parent_path()) {
    make_folder(out.parent_path());
  }
  clean_temporaries_of(out);
  write_png(out, strip);
  log.info("{} is {} x {} pixels", out.string(), strip.cols, strip.rows);
}

}  // namespace samsr
