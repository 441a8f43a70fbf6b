#include "eval/upscale/upscale_plan.h"

#include <map>
#include <set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "data/images/image_walk.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExtensions = ".png, .jpg, .jpeg, .webp, .tif or .tiff";

/// The name of a result in a folder, for a picture called `name`.
fs::path result_name(fs::path name, const UpscaleSettings& settings) {
  if (settings.format == "same" && format_of_name(name)) {
    return name;
  }
  return name.replace_extension(settings.format == "jpeg"   ? ".jpg"
                                : settings.format == "webp" ? ".webp"
                                : settings.format == "tiff" ? ".tif"
                                                            : ".png");
}

UpscaleJob job_in_folder(const fs::path& in, const fs::path& out, const fs::path& name,
                         const UpscaleSettings& settings) {
  const fs::path result = result_name(name, settings);
  return {in, out / result, *format_of_name(result)};
}

/// UserError where a result would take the place of one of the pictures: the folders may lie in each other by links.
void check_no_picture_is_replaced(const std::vector<UpscaleJob>& jobs) {
  std::set<fs::path> pictures;
  // One that cannot be reached, a link to itself say, is empty here, and fails when it is its turn.
  std::error_code unreachable;
  for (const UpscaleJob& job : jobs) {
    pictures.insert(fs::weakly_canonical(fs::absolute(job.in), unreachable));
    pictures.insert(fs::weakly_canonical(fs::absolute(job.in).parent_path(), unreachable) / job.in.filename());
  }
  for (const UpscaleJob& job : jobs) {
    const fs::path folder = fs::weakly_canonical(fs::absolute(job.out).parent_path(), unreachable);
    const fs::path place = folder / job.out.filename();
    if (!folder.empty() && pictures.contains(place)) {
      throw UserError("{}: the result would replace the picture {}; name another folder", job.in.string(),
                      place.string());
    }
  }
}

UpscalePlan plan_folder(const fs::path& in, const fs::path& out, const UpscaleSettings& settings) {
  if (fs::exists(out) && !fs::is_directory(out)) {
    throw UserError("{}: is a file, but the pictures of a folder need a folder", out.string());
  }
  if (fs::exists(out) && fs::equivalent(in, out)) {
    throw UserError("{}: input and output are the same folder; name another for the results", out.string());
  }
  if (is_within(out, in)) {
    throw UserError(
        "{}: lies in the folder of the pictures, and another run would take the results for pictures; name a "
        "folder elsewhere",
        out.string());
  }
  std::vector<fs::path> pictures;
  std::vector<std::string> unreadable;
  const std::string left_out = walk_images(
                                   in, [&](const std::string& path) { pictures.push_back(in / path); },
                                   [&](const std::string& why) { unreadable.push_back(why); })
                                   .text();
  if (pictures.empty()) {
    const std::string& why = unreadable.empty() ? left_out : unreadable.front();
    throw UserError("{}: the folder holds no image{}{}", in.string(), why.empty() ? "" : "; ", why);
  }
  std::vector<UpscaleJob> jobs;
  std::map<fs::path, fs::path> taken;
  for (const fs::path& picture : pictures) {
    jobs.push_back(job_in_folder(picture, out, picture.lexically_relative(in), settings));
    const auto [other, fresh] = taken.emplace(jobs.back().out, picture);
    if (!fresh) {
      throw UserError("{} and {} would both become {}: rename one, or set upscale.format=same", other->second.string(),
                      picture.string(), jobs.back().out.string());
    }
  }
  check_no_picture_is_replaced(jobs);
  return {std::move(jobs), out, left_out, std::move(unreadable)};
}

void check_bits(const std::vector<UpscaleJob>& jobs, const UpscaleSettings& settings) {
  for (const UpscaleJob& job : jobs) {
    if (settings.bits == "16" && (job.format == ImageFormat::kJpeg || job.format == ImageFormat::kWebp)) {
      throw UserError("upscale.bits is 16, which {} cannot hold ({}); write PNG or TIFF, or set upscale.bits=auto",
                      name_of(job.format), job.out.string());
    }
  }
}

UpscalePlan plan_one(const fs::path& in, const fs::path& out, const UpscaleSettings& settings) {
  if (!fs::is_directory(out)) {
    check_replaceable(out);
  }
  if (fs::is_directory(out) || !out.has_extension()) {
    UpscalePlan plan{{job_in_folder(in, out, in.filename(), settings)}, out, {}, {}};
    std::error_code absent;
    if (fs::equivalent(in, plan.jobs.front().out, absent)) {
      throw UserError("{}: the result would replace the picture itself; name another folder", in.string());
    }
    return plan;
  }
  const auto format = format_of_name(out);
  if (!format) {
    throw UserError("{}: no format of results; end the name in {}, or name a folder", out.string(), kExtensions);
  }
  std::error_code absent;
  if (fs::equivalent(in, out, absent)) {
    throw UserError("{}: input and output are the same file", out.string());
  }
  return {{{in, out, *format}}, {}, {}, {}};
}

}  // namespace

UpscalePlan plan_upscale(const fs::path& in, const fs::path& out, const UpscaleSettings& settings) {
  if (out == "-") {
    throw UserError("-: results are written to a file or a folder; name one (./- for one of this name)");
  }
  if (!fs::exists(in)) {
    throw UserError("{}: no such file or folder", in.string());
  }
  if (!fs::is_directory(in) && !fs::is_regular_file(in)) {
    throw UserError("{}: is a named pipe, socket or device; a picture or a folder of them is needed", in.string());
  }
  UpscalePlan plan = fs::is_directory(in) ? plan_folder(in, out, settings) : plan_one(in, out, settings);
  check_bits(plan.jobs, settings);
  return plan;
}

}  // namespace samsr
