#include "eval/report/strip.h"

#include <algorithm>
#include <opencv2/core.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nearest_name.h"
#include "core/output.h"
#include "data/images/image_file.h"
#include "eval/measure/picture_rows.h"

namespace samsr {
namespace {

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
    drawn.push_back(draw_row(row.front().pictures));
    width = std::max(width, drawn.back().cols);
  }
  for (cv::Mat& row : drawn) {
    cv::copyMakeBorder(row, row, 0, 0, 0, width - row.cols, cv::BORDER_CONSTANT, cv::Scalar::all(255));
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
