#include "eval/measure/comparison.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/nested_paths.h"

namespace samsr {
namespace {

/// A set that every method needs, so that nothing can be computed without it.
ImageSet list_common_set(const std::filesystem::path& folder, const std::string& role, InputProblems& problems) {
  return folder.empty() ? ImageSet() : list_image_set(folder, role, problems);
}

/// The images that every method should have, and where they lie; null when anything goes.
std::pair<std::filesystem::path, const ImageSet*> what_is_expected(const Comparison& comparison) {
  if (!comparison.reference_folder.empty()) {
    return {comparison.reference_folder, &comparison.references};
  }
  if (!comparison.lq_folder.empty()) {
    return {comparison.lq_folder, &comparison.lq};
  }
  if (!comparison.methods.empty()) {
    return {comparison.methods.front().method.folder, &comparison.methods.front().images};
  }
  return {{}, nullptr};
}

}  // namespace

void check_outside(const std::filesystem::path& pictures, const std::filesystem::path& out, const std::string& what) {
  if (!pictures.empty() && std::filesystem::is_directory(pictures) && is_within(out, pictures)) {
    throw UserError("{} lies in a folder of pictures that are measured ({}); name another place", what,
                    pictures.string());
  }
}

Comparison plan_comparison(const EvalRequest& request, std::int64_t scale, InputProblems& problems) {
  if (request.methods.empty() && request.lq.empty()) {
    throw UserError("nothing to evaluate: name a folder of results with --pred, or of low-resolution images with --lq");
  }
  Comparison comparison;
  comparison.scale = scale;
  comparison.reference_folder = request.reference;
  comparison.references = list_common_set(request.reference, "references", problems);
  comparison.lq_folder = request.lq;
  comparison.lq = list_common_set(request.lq, "low-resolution images", problems);
  if (!request.lq.empty() && !request.reference.empty()) {
    check_same_names(comparison.lq, request.lq, comparison.references, request.reference, problems);
    comparison.lq = common_images(comparison.lq, comparison.references);
    comparison.references = common_images(comparison.references, comparison.lq);
  }
  if (!request.lq.empty()) {
    comparison.methods.push_back(
        {{kBicubicRow, request.lq, fmt::format("bicubic x{} of {}", scale, request.lq.string())},
         comparison.lq,
         scale});
  }
  for (const EvalMethod& method : request.methods) {
    add_method(comparison, method, problems);
  }
  return comparison;
}

void add_method(Comparison& comparison, const EvalMethod& method, InputProblems& problems) {
  if (std::any_of(comparison.methods.begin(), comparison.methods.end(),
                  [&](const ComparedMethod& other) { return other.method.name == method.name; })) {
    throw UserError("two methods are called '{}': give one another name with --pred NAME=DIR or --model NAME=PATH",
                    method.name);
  }
  ImageSet images;
  try {
    images = list_image_set(method.folder, "results", problems);
  } catch (const UserError& error) {
    problems.add(error.what());
    return;
  }
  const auto [folder, expected] = what_is_expected(comparison);
  if (expected != nullptr) {
    check_same_names(images, method.folder, *expected, folder, problems);
    images = common_images(images, *expected);
  }
  comparison.methods.push_back({method, images, 1});
}

}  // namespace samsr
