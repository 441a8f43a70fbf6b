#include "eval/measure/picture_rows.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/images/image_file.h"
#include "eval/upscale/bicubic.h"

namespace samsr {
namespace {

struct Piece {
  std::int64_t top;
  std::int64_t left;
  std::int64_t height;
  std::int64_t width;
};

/// The piece with the largest mean gradient, on a grid of half a piece. Sizes are multiples of `scale`, so
/// that the piece falls on whole low-resolution pixels.
Piece most_detailed(const at::Tensor& image, std::int64_t side, std::int64_t scale) {
  const auto fit = [&](std::int64_t length) {
    return std::max(std::min(side, length) / scale, std::int64_t{1}) * scale;
  };
  const std::int64_t height = std::min(fit(image.size(2)), image.size(2));
  const std::int64_t width = std::min(fit(image.size(3)), image.size(3));
  const at::Tensor luma = image.to(at::kFloat).mean(1, /*keepdim=*/true);
  const at::Tensor gradient = at::zeros_like(luma);
  gradient.slice(3, 1).add_(luma.diff(1, 3).abs());
  gradient.slice(2, 1).add_(luma.diff(1, 2).abs());
  const auto stride = [&](std::int64_t length) { return std::max(length / 2 / scale, std::int64_t{1}) * scale; };
  const at::Tensor detail = at::avg_pool2d(gradient, {height, width}, {stride(height), stride(width)});
  const std::int64_t best = detail.flatten().argmax().item<std::int64_t>();
  return {best / detail.size(3) * stride(height), best % detail.size(3) * stride(width), height, width};
}

cv::Mat cut(const at::Tensor& image, const Piece& piece) {
  return to_mat(image.narrow(2, piece.top, piece.height).narrow(3, piece.left, piece.width));
}

at::Tensor load(const std::filesystem::path& path) { return to_tensor(read_image(path).rgb); }

/// What there is to see of image `name`, each with its label.
std::vector<std::pair<std::string, at::Tensor>> pictures_of(const Comparison& comparison, const std::string& name) {
  std::vector<std::pair<std::string, at::Tensor>> pictures;
  if (!comparison.lq.empty()) {
    const at::Tensor low = load(comparison.lq.at(name));
    pictures.emplace_back(
        "LR", at::upsample_nearest2d(low, {comparison.scale * low.size(2), comparison.scale * low.size(3)}));
  }
  for (const ComparedMethod& method : comparison.methods) {
    const at::Tensor image = load(method.images.at(name));
    pictures.emplace_back(method.method.name, method.enlarge > 1 ? upscale_bicubic(image, method.enlarge) : image);
  }
  if (!comparison.references.empty()) {
    pictures.emplace_back("HR", load(comparison.references.at(name)));
  }
  return pictures;
}

}  // namespace

std::vector<std::string> shared_names(const Comparison& comparison) {
  std::vector<std::string> names;
  for (const auto& [name, path] : comparison.methods.front().images) {
    if (std::all_of(comparison.methods.begin(), comparison.methods.end(),
                    [&, &wanted = name](const ComparedMethod& method) { return method.images.contains(wanted); })) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> spread_names(const Comparison& comparison, std::int64_t count) {
  const std::vector<std::string> names = shared_names(comparison);
  const auto total = static_cast<std::int64_t>(names.size());
  const std::int64_t wanted = std::min(count, total);
  std::vector<std::string> spread;
  for (std::int64_t k = 0; k < wanted; ++k) {
    spread.push_back(names[static_cast<std::size_t>((2 * k + 1) * total / (2 * wanted))]);
  }
  return spread;
}

std::vector<PictureRow> picture_rows(const Comparison& comparison, const std::vector<std::string>& names,
                                     std::int64_t piece) {
  std::vector<PictureRow> rows;
  for (const std::string& name : names) {
    const auto pictures = pictures_of(comparison, name);
    const at::Tensor& last = pictures.back().second;
    if (std::any_of(pictures.begin(), pictures.end(),
                    [&](const auto& picture) { return picture.second.sizes() != last.sizes(); })) {
      continue;
    }
    const Piece where = most_detailed(last, piece, comparison.scale);
    PictureRow& row = rows.emplace_back();
    row.name = name;
    for (const auto& [label, image] : pictures) {
      row.pictures.push_back({label, cut(image, where)});
    }
  }
  return rows;
}

}  // namespace samsr
