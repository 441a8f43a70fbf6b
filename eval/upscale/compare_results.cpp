#include "eval/upscale/compare_results.h"

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/field_text.h"
#include "data/images/picture_failure.h"
#include "eval/comparison/comparison_page.h"
#include "eval/upscale/bicubic.h"
#include "eval/upscale/result_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostPictures = 100;
constexpr int kMostSide = 2048;         // of what is shown of a result
constexpr double kMostMegapixels = 64;  // of a result, which is decoded as a whole
constexpr int kKernelReach = 4;         // LR pixels around what is shown that the enlargement reads

/// The piece of an LR picture whose enlargement is shown: all of it, or the middle.
cv::Rect shown_piece(cv::Size size, int scale) {
  const int side = std::max(kMostSide / scale, 1);
  const int width = std::min(size.width, side);
  const int height = std::min(size.height, side);
  return {(size.width - width) / 2, (size.height - height) / 2, width, height};
}

/// The piece of `image` enlarged with the kernel of z_y, as in the whole picture enlarged.
ImageFile enlarged_piece(const ImageFile& image, const cv::Rect& piece, int scale) {
  const cv::Rect around = cv::Rect(piece.x - kKernelReach, piece.y - kKernelReach, piece.width + 2 * kKernelReach,
                                   piece.height + 2 * kKernelReach) &
                          cv::Rect(cv::Point(0, 0), image.rgb.size());
  const cv::Rect wanted((piece.x - around.x) * scale, (piece.y - around.y) * scale, piece.width * scale,
                        piece.height * scale);
  ImageFile enlarged{.grey = image.grey, .profile = image.profile};
  enlarged.rgb = to_mat(upscale_bicubic(to_tensor(image.rgb(around).clone()), scale))(wanted).clone();
  if (!image.alpha.empty()) {
    const cv::Mat columns = image.alpha.colRange(around.x, around.x + around.width);
    enlarged.alpha = enlarge_alpha(columns, piece.y, piece.y + piece.height, scale, CV_8U)
                         .colRange(wanted.x, wanted.x + wanted.width)
                         .clone();
  }
  return enlarged;
}

/// The same piece of the result.
ImageFile result_piece(const ImageFile& result, const cv::Rect& piece, int scale) {
  const cv::Rect wanted(piece.x * scale, piece.y * scale, piece.width * scale, piece.height * scale);
  ImageFile cut{.grey = result.grey, .profile = result.profile};
  cut.rgb = result.rgb(wanted).clone();
  if (!result.alpha.empty()) {
    cut.alpha = result.alpha(wanted).clone();
  }
  return cut;
}

/// What the page shows of one result.
struct Shown {
  std::string note;
  ImageFile input;
  ImageFile result;
};

/// UserError where one of the two cannot be read, or the result is too large or of another size.
Shown shown_of(const UpscaleJob& job, int scale, const ImageLimits& limits) {
  const ImageFile picture = read_image(job.in, Bits::kEight, limits);
  const cv::Size size = picture.rgb.size() * scale;
  if (static_cast<double>(size.width) * size.height > kMostMegapixels * 1e6) {
    throw UserError("{}: {}x{} pixels are more than the {:.0f} megapixels that are read for the page", job.out.string(),
                    size.width, size.height, kMostMegapixels);
  }
  const ImageFile result = read_image(job.out, Bits::kEight, limits);
  if (result.rgb.size() != size) {
    throw UserError("{}: has {}x{} pixels, expected {}x{}; something has replaced it", job.out.string(),
                    result.rgb.cols, result.rgb.rows, size.width, size.height);
  }
  const cv::Rect piece = shown_piece(picture.rgb.size(), scale);
  Shown shown{fmt::format("{} × {} → {} × {}", picture.rgb.cols, picture.rgb.rows, size.width, size.height),
              enlarged_piece(picture, piece, scale), result_piece(result, piece, scale)};
  if (piece.size() != picture.rgb.size()) {
    shown.note += fmt::format(", of which the middle {} × {} are shown", piece.width * scale, piece.height * scale);
  }
  return shown;
}

}  // namespace

void compare_results(const std::vector<UpscaleJob>& jobs, std::int64_t scale, const ImageLimits& limits,
                     const std::string& made_with, const fs::path& page, Log& log) {
  const std::size_t count = std::min(jobs.size(), kMostPictures);
  std::unique_ptr<ComparisonPage> written;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const UpscaleJob& job = jobs[i * jobs.size() / count];
    Shown pictures;
    try {
      pictures = shown_of(job, static_cast<int>(scale), limits);
    } catch (...) {
      log.warning("not on the page: {}", one_line(describe_failure(job.in.string(), std::current_exception())));
      continue;
    }
    if (!written) {
      const std::string note = fmt::format(
          "{} of {} results, enlarged ×{}: left of the line bicubically, right of it by {}. The pictures "
          "on this page are JPEG copies.",
          count, jobs.size(), scale, made_with);
      written = std::make_unique<ComparisonPage>(page, "Input and result", note);
    }
    written->add(
        {one_line(job.in.filename().string()), pictures.note, "bicubic", "samsr", pictures.input, pictures.result});
    ++shown;
  }
  if (!written) {
    log.warning("{} is not written: there is no result to show", page.string());
    return;
  }
  written->finish();
  log.info("{} of {} results are compared with their pictures in {}", shown, jobs.size(), page.string());
}

}  // namespace samsr
