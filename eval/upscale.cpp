#include "eval/upscale.h"

#include <ATen/ATen.h>

#include <map>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "data/image_file.h"
#include "eval/bicubic.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

struct Job {
  fs::path in;
  fs::path out;
};

bool is_png(const fs::path& path) { return path.extension() == ".png" || path.extension() == ".PNG"; }

std::vector<Job> plan_folder(const fs::path& in, const fs::path& out) {
  if (fs::exists(out) && !fs::is_directory(out)) {
    throw UserError("{}: is a file, but the pictures of a folder need a folder", out.string());
  }
  if (fs::exists(out) && fs::equivalent(in, out)) {
    throw UserError("{}: input and output are the same folder; name another for the results", out.string());
  }
  const std::vector<fs::path> pictures = list_images(in);
  if (pictures.empty()) {
    throw UserError("{}: the folder holds no image", in.string());
  }
  std::vector<Job> jobs;
  std::map<fs::path, fs::path> taken;
  for (const fs::path& picture : pictures) {
    fs::path name = picture.lexically_relative(in);
    name.replace_extension(".png");
    const auto [other, fresh] = taken.emplace(name, picture);
    if (!fresh) {
      throw UserError("{} and {} would both become {}: rename one", other->second.string(), picture.string(),
                      (out / name).string());
    }
    jobs.push_back({picture, out / name});
  }
  return jobs;
}

std::vector<Job> plan_jobs(const fs::path& in, const fs::path& out) {
  if (!fs::exists(in)) {
    throw UserError("{}: no such file or folder", in.string());
  }
  if (fs::is_directory(in)) {
    return plan_folder(in, out);
  }
  if (fs::is_directory(out) || !out.has_extension()) {
    return {{in, out / in.stem().concat(".png")}};
  }
  if (!is_png(out)) {
    throw UserError("{}: results are written as PNG; end the name in .png or name a folder", out.string());
  }
  if (fs::exists(out) && fs::equivalent(in, out)) {
    throw UserError("{}: input and output are the same file", out.string());
  }
  return {{in, out}};
}

cv::Mat enlarge_alpha(const cv::Mat& alpha, std::int64_t scale) {
  const cv::Mat whole = alpha.clone();  // contiguous
  const at::Tensor small = at::from_blob(whole.data, {1, 1, whole.rows, whole.cols}, at::kByte);
  const at::Tensor large = upscale_bicubic(small, scale);
  return cv::Mat(static_cast<int>(large.size(2)), static_cast<int>(large.size(3)), CV_8UC1,
                 large.data_ptr<std::uint8_t>())
      .clone();
}

void upscale_one(const Upscaler& upscaler, const Job& job) {
  const ImageFile image = read_image(job.in);
  const cv::Mat result = upscaler.upscale(image.rgb);
  make_folder(job.out.has_parent_path() ? job.out.parent_path() : fs::path("."));
  write_png(job.out, result, image.alpha.empty() ? cv::Mat() : enlarge_alpha(image.alpha, upscaler.scale()));
}

}  // namespace

void upscale_files(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks,
                   const fs::path& in, const fs::path& out, Log& log) {
  const std::vector<Job> jobs = plan_jobs(in, out);
  const Upscaler upscaler(loaded, settings, masks);
  log.info("upscaling {} x{}: {}", in.string(), upscaler.scale(), upscaler.describe());
  std::vector<Job> todo;
  for (const Job& job : jobs) {
    if (!settings.resume || !fs::exists(job.out)) {
      todo.push_back(job);
    }
  }
  const auto kept = static_cast<std::int64_t>(jobs.size() - todo.size());
  if (kept > 0) {
    log.info("{} of {} results are there already and kept", kept, jobs.size());
  }
  Progress progress(log, "upscale", static_cast<std::int64_t>(jobs.size()), "images", kept);
  std::vector<std::string> failed;
  for (const Job& job : todo) {
    try {
      upscale_one(upscaler, job);
    } catch (const UserError& error) {
      if (jobs.size() == 1) {
        throw;
      }
      log.warning("left out: {}", error.what());
      failed.push_back(job.in.filename().string());
    }
    progress.advance(1, job.in.filename().string());
  }
  progress.finish();
  if (!failed.empty()) {
    throw UserError("{} of {} images could not be upscaled, the first is {}; the others are in {}",
                    failed.size(), jobs.size(), failed.front(), out.string());
  }
}

}  // namespace samsr
