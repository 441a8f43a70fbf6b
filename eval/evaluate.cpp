#include "eval/evaluate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "data/image_file.h"
#include "eval/bicubic.h"
#include "eval/image_set.h"

namespace samsr {
namespace {

constexpr const char* kBicubic = "bicubic";

/// One row of the table to be: where its images come from.
struct Row {
  std::string name;
  std::filesystem::path folder;
  ImageSet images;
  std::int64_t enlarge = 1;  ///< factor by which each image is enlarged first
};

std::string source_of(const Row& row) {
  return row.enlarge > 1 ? fmt::format("bicubic x{} of {}", row.enlarge, row.folder.string())
                         : row.folder.string();
}

std::vector<std::unique_ptr<Metric>> choose_metrics(const EvalSettings& settings, bool reference) {
  if (settings.metrics.empty()) {
    return make_metrics(reference ? "psnr_y,ssim_y,niqe" : "niqe", settings.crop_border);
  }
  auto metrics = make_metrics(settings.metrics, settings.crop_border);
  for (const auto& metric : metrics) {
    if (metric->needs_reference() && !reference) {
      throw UserError(
          "{} compares with a reference: name its folder with --ref, or ask for metrics without "
          "reference (niqe)",
          metric->name());
    }
  }
  return metrics;
}

std::vector<Row> collect_rows(const EvalRequest& request, const EvalSettings& settings) {
  std::vector<Row> rows;
  if (!request.lq.empty()) {
    rows.push_back({kBicubic, request.lq, list_image_set(request.lq, "low-resolution images"), settings.scale});
  }
  for (const EvalMethod& method : request.methods) {
    rows.push_back({method.name, method.folder, list_image_set(method.folder, "results")});
  }
  if (rows.empty()) {
    throw UserError(
        "nothing to evaluate: name a folder of results with --pred, or of low-resolution images with --lq");
  }
  std::set<std::string> names;
  for (const Row& row : rows) {
    if (!names.insert(row.name).second) {
      throw UserError("two methods are called '{}': give one another name with --pred NAME=DIR", row.name);
    }
  }
  return rows;
}

std::string size_of(const at::Tensor& image) { return fmt::format("{}x{}", image.size(3), image.size(2)); }

/// Things to say about single images, gathered by several threads.
class Remarks {
 public:
  explicit Remarks(std::size_t images) : texts_(images) {}
  void add(std::size_t image, const std::string& text) {
    texts_[image] += (texts_[image].empty() ? "" : "; ") + text;
  }
  /// Images with a remark, in order.
  std::vector<std::string> all() const {
    std::vector<std::string> found;
    std::copy_if(texts_.begin(), texts_.end(), std::back_inserter(found),
                 [](const std::string& text) { return !text.empty(); });
    return found;
  }

 private:
  std::vector<std::string> texts_;  // one slot an image, so that threads do not meet
};

std::string first_three(const std::vector<std::string>& remarks) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(remarks.size(), 3); ++i) {
    text += (i == 0 ? "" : ", ") + remarks[i];
  }
  return remarks.size() > 3 ? fmt::format("{} and {} more", text, remarks.size() - 3) : text;
}

MethodScores score_row(const Row& row, const ImageSet& references,
                       const std::vector<std::unique_ptr<Metric>>& metrics, Log& log) {
  MethodScores scores{row.name, source_of(row), {}};
  std::vector<std::filesystem::path> paths;
  for (const auto& [name, path] : row.images) {
    scores.images.push_back({name, std::vector<double>(metrics.size(), std::nan(""))});
    paths.push_back(path);
  }
  Remarks mismatches(paths.size());
  Remarks valueless(paths.size());
  Progress progress(log, row.name, static_cast<std::int64_t>(paths.size()), "images");
  in_parallel(static_cast<std::int64_t>(paths.size()), [&](std::int64_t number) {
    const auto i = static_cast<std::size_t>(number);
    ImageScores& image = scores.images[i];
    at::Tensor pred = to_tensor(read_image(paths[i]).rgb);
    if (row.enlarge > 1) {
      pred = upscale_bicubic(pred, row.enlarge);
    }
    at::Tensor ref;
    if (!references.empty()) {
      ref = to_tensor(read_image(references.at(image.image)).rgb);
      if (ref.sizes() != pred.sizes()) {
        mismatches.add(i, fmt::format("{} ({}, reference {})", image.image, size_of(pred), size_of(ref)));
        return;
      }
    }
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      image.values[m] = metrics[m]->score(pred, ref).item<double>();
      if (std::isnan(image.values[m])) {
        const std::string reason = metrics[m]->undefined_for(pred.size(2), pred.size(3));
        valueless.add(i, fmt::format("{}: no {} ({})", image.image, metrics[m]->name(),
                                     reason.empty() ? "too little texture" : reason));
      }
    }
    progress.advance();
  });
  if (const auto wrong = mismatches.all(); !wrong.empty()) {
    throw UserError("{}: {} of {} images differ in size from their reference: {}", source_of(row), wrong.size(),
                    paths.size(), first_three(wrong));
  }
  progress.finish();
  if (const auto none = valueless.all(); !none.empty()) {
    log.warning("{}: {} images are left out of a mean: {}", row.name, none.size(), first_three(none));
  }
  return scores;
}

}  // namespace

void EvalSettings::bind(Settings& settings) {
  settings.add(
      "eval.metrics", metrics,
      "comma-separated metrics (psnr_y, psnr_rgb, ssim_y, ssim_rgb, niqe); empty: psnr_y, ssim_y and niqe "
      "with a reference, niqe without");
  settings.add("eval.crop_border", crop_border, "pixels left out on each side before measuring")
      .between(0, 1024);
  settings.add("eval.scale", scale, "factor of the bicubic row, from the low-resolution images to the results")
      .between(1, 16);
}

EvalMethod EvalMethod::parse(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  EvalMethod method;
  if (equals == std::string::npos) {
    method.folder = argument;
    const std::filesystem::path clean = std::filesystem::path(argument).lexically_normal();
    method.name = (clean.has_filename() ? clean : clean.parent_path()).filename().string();
  } else {
    method.name = argument.substr(0, equals);
    method.folder = argument.substr(equals + 1);
  }
  if (method.name.empty() || method.folder.empty()) {
    throw UserError("'{}': expected a folder, or NAME=FOLDER", argument);
  }
  return method;
}

Results evaluate(const EvalRequest& request, const EvalSettings& settings, Log& log) {
  const bool reference = !request.reference.empty();
  const auto metrics = choose_metrics(settings, reference);
  const std::vector<Row> rows = collect_rows(request, settings);
  const ImageSet references = reference ? list_image_set(request.reference, "references") : ImageSet();
  for (const Row& row : rows) {
    check_same_names(row.images, row.folder, reference ? references : rows.front().images,
                     reference ? request.reference : rows.front().folder);
  }
  Results results;
  results.reference = request.reference.string();
  for (const auto& metric : metrics) {
    results.metrics.push_back(describe(*metric));
  }
  for (const Row& row : rows) {
    results.methods.push_back(score_row(row, references, metrics, log));
  }
  return results;
}

}  // namespace samsr
