#include "data/tools/contact_sheet.h"

#include <algorithm>
#include <cstring>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/json_entry.h"
#include "data/images/picture_row.h"

namespace samsr {
namespace {

std::vector<std::uint8_t> read_field(const Shard& shard, std::string_view name, std::uint64_t sample) {
  const ShardField* field = shard.find(name);
  if (field == nullptr) {
    throw UserError("{}: has no dataset '{}'", shard.path().string(), name);
  }
  std::vector<std::uint8_t> bytes(field->bytes);
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  if (!shard.read(file, *field, sample, bytes.data())) {
    throw UserError("{}: sample {} field {}: checksum does not fit; see `samsr data verify`", shard.path().string(),
                    sample, name);
  }
  return bytes;
}

/// A (H, W, 3) or (H, W) uint8 field as CV_8UC3 RGB or CV_8UC1.
cv::Mat read_picture(const Shard& shard, std::string_view name, std::uint64_t sample) {
  std::vector<std::uint8_t> bytes = read_field(shard, name, sample);
  const std::vector<std::int64_t>& shape = shard.find(name)->shape;
  const int type = shape.size() == 3 ? CV_8UC3 : CV_8UC1;
  return cv::Mat(static_cast<int>(shape[0]), static_cast<int>(shape[1]), type, bytes.data()).clone();
}

cv::Mat enlarged(const cv::Mat& image, cv::Size size) {
  cv::Mat out;
  cv::resize(image, out, size, 0, 0, cv::INTER_NEAREST);
  return out;
}

Picture coverage_picture(const Shard& shard, const std::string& name, std::uint64_t sample, cv::Size size) {
  const cv::Mat coverage = read_picture(shard, name, sample);
  double most = 0;
  cv::minMaxLoc(coverage, nullptr, &most);
  cv::Mat scaled;
  coverage.convertTo(scaled, CV_8U, most > 0 ? 255.0 / most : 0.0);
  cv::applyColorMap(enlarged(scaled, size), scaled, cv::COLORMAP_VIRIDIS);
  cv::cvtColor(scaled, scaled, cv::COLOR_BGR2RGB);
  return {fmt::format("{} (0 to {})", name, static_cast<int>(most)), scaled};
}

std::vector<Picture> pictures_of(const Shard& shard, std::uint64_t sample) {
  const JsonEntry source = JsonEntry::parse(read_source(shard, sample), shard.path().string());
  const cv::Mat hr = read_picture(shard, "hr", sample);
  const std::string title = fmt::format("{} {}", shard.header().first_index + sample, source.text("image"));
  std::vector<Picture> row{{title, enlarged(read_picture(shard, "lr", sample), hr.size())}, {"HR", hr}};
  for (const char* name : {"coverage", "coverage_hr"}) {
    if (shard.find(name) != nullptr) {
      row.push_back(coverage_picture(shard, name, sample, hr.size()));
    }
  }
  return row;
}

}  // namespace

std::string read_source(const Shard& shard, std::uint64_t sample) {
  const std::vector<std::uint8_t> bytes = read_field(shard, kSourceField, sample);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return {text, ::strnlen(text, bytes.size())};
}

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
    sheet.push_back(draw_row(pictures_of(*shard, index - before)));
  }
  return sheet;
}

}  // namespace samsr
