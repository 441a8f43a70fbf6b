#include "eval/pictures.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "data/image_file.h"
#include "eval/bicubic.h"
#include "eval/image_set.h"

namespace samsr {
namespace {

struct Named {
  std::string label;
  ImageSet images;
};

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

cv::Mat cut(const at::Tensor& image, const Piece& piece, const std::string& name) {
  if (image.size(2) < piece.top + piece.height || image.size(3) < piece.left + piece.width) {
    throw UserError("{}: {}x{} pixels, smaller than the other pictures of this image", name, image.size(3),
                    image.size(2));
  }
  return to_mat(image.narrow(2, piece.top, piece.height).narrow(3, piece.left, piece.width));
}

at::Tensor load(const std::filesystem::path& path) { return to_tensor(read_image(path).rgb); }

}  // namespace

std::vector<PictureRow> picture_rows(const EvalRequest& request, std::int64_t scale, std::int64_t count,
                                     std::int64_t piece) {
  std::vector<Named> shown;
  for (const EvalMethod& method : request.methods) {
    shown.push_back({method.name, list_image_set(method.folder, "results")});
  }
  if (!request.reference.empty()) {
    shown.push_back({"HR", list_image_set(request.reference, "references")});
  }
  const ImageSet lq = request.lq.empty() ? ImageSet() : list_image_set(request.lq, "low-resolution images");
  const ImageSet& names = !shown.empty() ? shown.front().images : lq;
  for (std::size_t i = 1; i < shown.size(); ++i) {
    check_same_names(shown[i].images, shown[i].label, names, shown.front().label);
  }
  if (!lq.empty()) {
    check_same_names(lq, request.lq, names,
                     shown.empty() ? request.lq : std::filesystem::path(shown.front().label));
  }
  std::vector<PictureRow> rows;
  const auto total = static_cast<std::int64_t>(names.size());
  const std::int64_t wanted = std::min(count, total);
  for (std::int64_t k = 0; k < wanted; ++k) {
    const std::string name = std::next(names.begin(), (2 * k + 1) * total / (2 * wanted))->first;
    std::vector<std::pair<std::string, at::Tensor>> images;
    if (!lq.empty()) {
      const at::Tensor low = load(lq.at(name));
      images.emplace_back("LR", at::upsample_nearest2d(low, {scale * low.size(2), scale * low.size(3)}));
      images.emplace_back("bicubic", upscale_bicubic(low, scale));
    }
    for (const Named& each : shown) {
      images.emplace_back(each.label, load(each.images.at(name)));
    }
    const Piece where = most_detailed(images.back().second, piece, scale);
    PictureRow& row = rows.emplace_back();
    row.name = name;
    for (const auto& [label, image] : images) {
      row.pictures.push_back({label, cut(image, where, fmt::format("{} {}", label, name))});
    }
  }
  return rows;
}

}  // namespace samsr
