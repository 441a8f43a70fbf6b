#include "eval/upscale/result_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "data/images/bleed.h"
#include "data/images/colour_profile.h"
#include "data/images/image_encoder.h"
#include "models/first_stage/first_stage.h"

namespace samsr {

std::string ResultFile::estimate() const {
  return fmt::format("{}x{} pixels, about {:.0f} MB of memory, at most {:.0f} MB on disk", layout.width, layout.height,
                     memory_mb, disk_mb);
}

ResultFile plan_result(const PictureUpscaler& upscaler, const ImageFile& image, const UpscaleJob& job,
                       const UpscaleSettings& settings, const std::string& name) {
  const bool deep = image.rgb.depth() == CV_16U;
  const bool holds_16_bits = job.format == ImageFormat::kPng || job.format == ImageFormat::kTiff;
  const bool alpha = !image.alpha.empty();
  const bool keeps_alpha = alpha && job.format != ImageFormat::kJpeg;
  const bool grey = image.grey && job.format != ImageFormat::kWebp;

  ResultFile result;
  result.layout = {.width = image.rgb.cols * upscaler.scale(),
                   .height = image.rgb.rows * upscaler.scale(),
                   .channels = (grey ? 1 : 3) + (keeps_alpha ? 1 : 0),
                   .bits = settings.bits == "16" || (deep && holds_16_bits && settings.bits == "auto") ? 16 : 8};
  check_longest_side(name, job.format, result.layout.width, result.layout.height);
  if (deep && result.layout.bits == 8) {
    result.changed.emplace_back(holds_16_bits ? "16 bits became 8 (upscale.bits=8)" : "16 bits became 8");
  }
  result.changed.insert(result.changed.end(), image.remarks.begin(), image.remarks.end());
  if (alpha && !keeps_alpha) {
    result.changed.emplace_back("alpha laid over white");
  }
  if (profile_fits(image.profile, result.layout.channels)) {
    result.profile = image.profile;
  } else if (!image.profile.empty()) {
    result.changed.emplace_back("colour profile of other channels left out");
  }

  const auto pixels = static_cast<double>(result.layout.width) * static_cast<double>(result.layout.height);
  result.disk_mb = pixels * result.layout.channels * (result.layout.bits / 8) / 1e6;
  constexpr std::size_t kBleeding = 16;  // distances, labels and places of bleed_colours()
  const auto bytes_a_pixel =
      static_cast<double>(image.rgb.elemSize() + (alpha ? image.alpha.elemSize() + kBleeding : 0));
  result.memory_mb = upscaler.memory_mb(upscaler.plan(image.rgb.size())) +
                     bytes_a_pixel * static_cast<double>(image.rgb.total()) / 1e6 +
                     (job.format == ImageFormat::kWebp ? 2 * result.disk_mb : 0);
  return result;
}

void write_result(const PictureUpscaler& upscaler, ImageFile image, const UpscaleJob& job, const ResultFile& result,
                  const UpscaleSettings& settings, const TakeProgress& progress, BeforeRename before_rename) {
  const std::unique_ptr<ImageWriter> writer =
      make_image_writer(job.out, job.format, result.layout, result.profile, settings.encoder, std::move(before_rename));
  if (!image.alpha.empty()) {
    bleed_colours(image.rgb, image.alpha);
  }
  const int depth = result.layout.bits == 16 ? CV_16U : CV_8U;
  const int scale = static_cast<int>(upscaler.scale());
  int row = 0;
  const auto take = [&](const cv::Mat& rgb) {
    const int end = row + rgb.rows / scale;
    ImageFile rows{.rgb = rgb, .grey = image.grey};
    if (!image.alpha.empty()) {
      rows.alpha = enlarge_alpha(image.alpha, row, end, scale, depth);
    }
    writer->write(stored_channels(rows, job.format));
    row = end;
  };
  upscaler.upscale(image.rgb, depth, take, progress);
  writer->finish();
}

cv::Mat enlarge_alpha(const cv::Mat& alpha, int first, int end, std::int64_t scale, int depth) {
  constexpr int kContext = 2;  // rows that the kernel reaches beyond its own
  const int from = std::max(first - kContext, 0);
  const int to = std::min(end + kContext, alpha.rows);
  const double largest = alpha.depth() == CV_16U ? 65535 : 255;
  cv::Mat numbers;
  alpha.rowRange(from, to).convertTo(numbers, CV_32F, (depth == CV_16U ? 65535 : 255) / largest);
  const at::Tensor large =
      enlarge_bicubic(at::from_blob(numbers.data, {1, 1, numbers.rows, numbers.cols}, at::kFloat), scale)
          .narrow(2, (first - from) * scale, (end - first) * scale)
          .contiguous();
  cv::Mat enlarged;
  cv::Mat(static_cast<int>(large.size(2)), static_cast<int>(large.size(3)), CV_32FC1, large.data_ptr<float>())
      .convertTo(enlarged, depth);
  return enlarged;
}

}  // namespace samsr
