#include "data/tools/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/json_entry.h"
#include "data/images/picture_row.h"
#include "data/tools/stored_sample.h"

namespace samsr {
namespace {

cv::Mat enlarged(const cv::Mat& image, cv::Size size) {
  cv::Mat out;
  cv::resize(image, out, size, 0, 0, cv::INTER_NEAREST);
  return out;
}

Picture coverage_picture(const Shard& shard, const std::string& name, std::uint64_t sample, cv::Size size) {
  const cv::Mat coverage = read_stored_picture(shard, name, sample);
  double most = 0;
  cv::minMaxLoc(coverage, nullptr, &most);
  cv::Mat scaled;
  coverage.convertTo(scaled, CV_8U, most > 0 ? 255.0 / most : 0.0);
  cv::applyColorMap(enlarged(scaled, size), scaled, cv::COLORMAP_VIRIDIS);
  cv::cvtColor(scaled, scaled, cv::COLOR_BGR2RGB);
  return {fmt::format("{} (0 to {})", name, static_cast<int>(most)), scaled};
}

std::vector<Picture> pictures_of(const Shard& shard, std::uint64_t sample) {
  const std::string photograph = shown_text(photograph_of(read_stored_record(shard, kSourceField, sample)));
  const cv::Mat hr = read_stored_picture(shard, "hr", sample);
  const std::string title = fmt::format("{} {}", shard.header().first_index + sample, photograph);
  std::vector<Picture> row{{title, enlarged(read_stored_picture(shard, "lr", sample), hr.size())}, {"HR", hr}};
  for (const char* name : {"coverage", "coverage_hr"}) {
    if (shard.find(name) != nullptr) {
      row.push_back(coverage_picture(shard, name, sample, hr.size()));
    }
  }
  return row;
}

}  // namespace

cv::Mat draw_sheet(const std::vector<Shard>& shards, int count) {
  std::uint64_t total = 0;
  for (const Shard& shard : shards) {
    total += shard.samples();
  }
  const std::uint64_t rows = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(count, 1)), 1, total);
  cv::Mat sheet;
  std::uint64_t before = 0;  // samples of the shards left behind
  auto shard = shards.begin();
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::uint64_t index = row * total / rows;
    while (index - before >= shard->samples()) {
      before += shard->samples();
      ++shard;
    }
    const cv::Mat pictures = draw_row(pictures_of(*shard, index - before));
    if (!sheet.empty() && pictures.cols != sheet.cols) {
      throw UserError("{}: its pictures have other sizes, or others are stored, than those of {}",
                      shard->path().string(), shards.front().path().string());
    }
    sheet.push_back(pictures);
  }
  return sheet;
}

}  // namespace samsr
