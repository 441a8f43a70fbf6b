#include "eval/upscale/upscale.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "eval/upscale/upscale_plan.h"
#include "eval/upscale/upscale_record.h"
#include "models/first_stage/first_stage.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// One channel (H,W) of 8 or 16 bits to (scale·H, scale·W) of `depth`, with the kernel of z_y.
cv::Mat enlarge_alpha(const cv::Mat& alpha, std::int64_t scale, int depth) {
  const double largest = alpha.depth() == CV_16U ? 65535 : 255;
  cv::Mat numbers;
  alpha.convertTo(numbers, CV_32F, (depth == CV_16U ? 65535 : 255) / largest);
  const at::Tensor large =
      enlarge_bicubic(at::from_blob(numbers.data, {1, 1, numbers.rows, numbers.cols}, at::kFloat), scale);
  cv::Mat enlarged;
  cv::Mat(static_cast<int>(large.size(2)), static_cast<int>(large.size(3)), CV_32FC1, large.data_ptr<float>())
      .convertTo(enlarged, depth);
  return enlarged;
}

/// What became of pictures on the way, for one line each at the end: remark → names of pictures, in their order.
using Remarks = std::map<std::string, std::vector<std::string>>;

void remark(Remarks& remarks, const std::string& texts, const std::string& name) {
  std::istringstream list(texts);
  for (std::string text; std::getline(list >> std::ws, text, ',');) {
    remarks[text].push_back(name);
  }
}

/// Remarks of all ranks, on every rank.
Remarks gather(const Remarks& local, Communicator& comm) {
  std::string lines;
  for (const auto& [text, names] : local) {
    for (const std::string& name : names) {
      lines += text + '\n' + name + '\n';
    }
  }
  Remarks all;
  for (const std::string& of_rank : comm.gather(lines)) {
    std::istringstream in(of_rank);
    for (std::string text, name; std::getline(in, text) && std::getline(in, name);) {
      all[text].push_back(name);
    }
  }
  for (auto& [text, names] : all) {
    std::sort(names.begin(), names.end());
  }
  return all;
}

class Upscaling {
 public:
  Upscaling(const Upscaler& upscaler, const UpscaleSettings& settings, Communicator& comm, Log& log)
      : upscaler_(upscaler), settings_(settings), comm_(comm), log_(log) {}

  /// Does the jobs that are not kept.
  void run(const std::vector<UpscaleJob>& jobs, const std::vector<char>& kept) {
    std::vector<const UpscaleJob*> todo;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (kept[i] == 0) {
        todo.push_back(&jobs[i]);
      }
    }
    if (todo.size() < jobs.size()) {
      log_.info("{} of {} results are there already and kept", jobs.size() - todo.size(), jobs.size());
    }
    const auto work = [&](std::uint64_t item, const ReportWork& report) {
      const UpscaleJob& job = *todo[item];
      upscale(job, jobs.size() == 1);
      report(1, job.in.filename().string());
    };
    work_through({.task = "upscale",
                  .unit = "images",
                  .items = todo.size(),
                  .done = static_cast<std::uint64_t>(jobs.size() - todo.size())},
                 work, comm_, log_);
    report(jobs.size());
  }

 private:
  /// A picture that fails is left out; that of a single job, and a result that cannot be written, end all.
  void upscale(const UpscaleJob& job, bool alone) {
    const std::string name = job.in.filename().string();
    EncodedImage encoded;
    try {
      encoded = encode_image(upscaled(read_image(job.in, Bits::kKept, settings_.images), job, name), job.format,
                             settings_.encoder, name);
    } catch (const UserError& error) {
      if (alone) {
        throw;
      }
      log_.from_rank(std::string("left out: ") + error.what());
      remark(failed_, "failed", name);
      return;
    }
    remark(changed_, encoded.changed, name);
    make_folder(job.out.has_parent_path() ? job.out.parent_path() : fs::path("."));
    write_file_atomically(job.out, encoded.bytes);
  }

  ImageFile upscaled(const ImageFile& image, const UpscaleJob& job, const std::string& name) {
    const bool deep = image.rgb.depth() == CV_16U;
    const bool png = job.format == ImageFormat::kPng;
    const int depth = settings_.bits == "16" || (deep && png && settings_.bits == "auto") ? CV_16U : CV_8U;
    if (deep && depth == CV_8U) {
      remark(changed_, png ? "16 bits became 8 (upscale.bits=8)" : "16 bits became 8", name);
    }
    for (const std::string& each : image.remarks) {
      remark(changed_, each, name);
    }
    ImageFile result = image;
    result.rgb = upscaler_.upscale(image.rgb, depth);
    if (!image.alpha.empty()) {
      result.alpha = enlarge_alpha(image.alpha, upscaler_.scale(), depth);
    }
    return result;
  }

  void report(std::size_t pictures) {
    for (const auto& [text, names] : gather(changed_, comm_)) {
      log_.info("{}: {}{}", text, names.front(),
                names.size() == 1 ? "" : fmt::format(" and {} more", names.size() - 1));
    }
    const Remarks failed = gather(failed_, comm_);
    if (!failed.empty()) {
      const std::vector<std::string>& names = failed.begin()->second;
      throw UserError("{} of {} images could not be upscaled, the first is {}; the others are done", names.size(),
                      pictures, names.front());
    }
  }

  const Upscaler& upscaler_;
  const UpscaleSettings& settings_;
  Communicator& comm_;
  Log& log_;
  Remarks changed_;
  Remarks failed_;
};

}  // namespace

void upscale_files(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks, const fs::path& in,
                   const fs::path& out, Communicator& comm, Log& log) {
  const UpscalePlan plan = plan_upscale(in, out, settings);
  const Upscaler upscaler(loaded, settings, masks);
  std::vector<char> kept(plan.jobs.size(), 0);
  if (!plan.folder.empty()) {
    std::string error;
    if (comm.rank() == 0) {
      try {
        const std::string record =
            upscale_record(loaded, settings, upscaler.uses_masks() ? std::optional(masks) : std::nullopt);
        kept = kept_results(plan.folder, plan.jobs, record, settings.resume);
        prepare_results(plan.folder, plan.jobs, kept, record);
      } catch (const UserError& mistake) {
        error = mistake.what();
      }
    }
    throw_first_error(error, comm);  // also a barrier: what rank 0 removes is gone before others write
    comm.broadcast(kept.data(), kept.size(), 0);
  }
  log.info("upscaling {} x{}: {}", in.string(), upscaler.scale(), upscaler.describe());
  Upscaling(upscaler, settings, comm, log).run(plan.jobs, kept);
}

void upscale_files(const ModelArgument& argument, c10::Device device, const fs::path& in, const fs::path& out,
                   Communicator& comm, Log& log) {
  plan_upscale(in, out, argument.upscale);
  const MaskSettings masks = masks_of(argument, log);
  LoadedModel loaded = load_model_argument(argument, log);
  loaded.model->to(device);
  upscale_files(loaded, argument.upscale, masks, in, out, comm, log);
}

}  // namespace samsr
