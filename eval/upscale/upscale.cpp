#include "eval/upscale/upscale.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "comm/hold_folder.h"
#include "comm/shared_files.h"
#include "comm/work_through.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/memory.h"
#include "core/progress.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "eval/comparison/comparison_page.h"
#include "eval/upscale/compare_results.h"
#include "eval/upscale/ready_model.h"
#include "eval/upscale/result_file.h"
#include "eval/upscale/upscale_plan.h"
#include "eval/upscale/upscale_record.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr double kLargeMegapixels = 64;  // of a result whose estimate is said

/// What became of pictures on the way, for one line each at the end: remark → names of pictures, in their order.
using Remarks = std::map<std::string, std::vector<std::string>>;

/// Remarks of all ranks, on every rank.
Remarks gather(const Remarks& local, Communicator& comm) {
  std::vector<std::string> fields;
  for (const auto& [text, names] : local) {
    for (const std::string& name : names) {
      fields.push_back(text);
      fields.push_back(name);
    }
  }
  Remarks all;
  for (const std::string& of_rank : comm.gather(join_fields(fields))) {
    const std::vector<std::string> found = split_fields(of_rank);
    for (std::size_t i = 0; i + 1 < found.size(); i += 2) {
      all[found[i]].push_back(found[i + 1]);
    }
  }
  for (auto& [text, names] : all) {
    std::sort(names.begin(), names.end());
  }
  return all;
}

class Upscaling {
 public:
  /// `folder`: of the results; empty for a single file.
  Upscaling(const PictureUpscaler& upscaler, const UpscaleSettings& settings, fs::path folder, Communicator& comm,
            Log& log)
      : upscaler_(upscaler),
        settings_(settings),
        folder_(std::move(folder)),
        comm_(comm),
        log_(log),
        notes_(folder_, comm.rank()) {}

  /// Does the jobs that are not kept. The names of those that failed, on every rank.
  std::vector<std::string> run(const std::vector<UpscaleJob>& jobs, const std::vector<char>& kept) {
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
      upscale(*todo[item], jobs.size() == 1, report);
      report(1, one_line(todo[item]->in.filename().string()));
    };
    work_through({.task = "upscale",
                  .unit = "images",
                  .items = todo.size(),
                  .done = static_cast<std::uint64_t>(jobs.size() - todo.size())},
                 work, comm_, log_);
    for (const auto& [text, names] : gather(changed_, comm_)) {
      log_.info("{}: {}{}", text, names.front(),
                names.size() == 1 ? "" : fmt::format(" and {} more", names.size() - 1));
    }
    const Remarks failed = gather(failed_, comm_);
    return failed.empty() ? std::vector<std::string>() : failed.begin()->second;
  }

  /// What all ranks have made, on every rank.
  MadeResults made() const {
    MadeResults all;
    for (const std::string& of_rank : comm_.gather(to_text(notes_.results()))) {
      all.merge(made_results_of(of_rank));
    }
    return all;
  }

 private:
  /// A picture that fails is left out; that of a single job, and what would meet all others too, ends all.
  void upscale(const UpscaleJob& job, bool alone, const ReportWork& report) {
    const std::string name = one_line(job.in.filename().string());
    const std::string path = one_line(job.in.string());
    check_folder(job);
    try {
      upscale_picture(job, name, path, report);
    } catch (const DiskError&) {
      throw;
    } catch (...) {
      const std::string failure = describe_failure(path, std::current_exception());
      if (alone) {
        throw UserError("{}", one_line(failure));
      }
      check_folder(job);
      std::error_code unreachable;
      const bool stays = fs::is_regular_file(job.out, unreachable);
      log_.from_rank("left out: " + one_line(failure) +
                     (stays ? fmt::format("; {} stays as it was", one_line(job.out.filename().string())) : ""));
      failed_["failed"].push_back(name);
    }
  }

  void check_folder(const UpscaleJob& job) const {
    if (folder_.empty()) {
      make_folder(job.out.has_parent_path() ? job.out.parent_path() : fs::path("."));
      clean_temporaries_of(job.out);
    } else if (!fs::is_directory(folder_)) {
      throw UserError("{}: the folder of the results is gone; the same command goes on where it stopped",
                      folder_.string());
    }
  }

  /// `name` stands in what is said while it works, `path` in what is wrong.
  void upscale_picture(const UpscaleJob& job, const std::string& name, const std::string& path,
                       const ReportWork& report) {
    MadeResult made = folder_.empty() ? MadeResult() : made_from(job.in);
    ImageFile image = read_image(job.in, Bits::kKept, settings_.images);
    const ResultFile result = plan_result(upscaler_, image, job, settings_, path);
    check_memory(result, path);
    const double megapixels =
        static_cast<double>(result.layout.width) * static_cast<double>(result.layout.height) / 1e6;
    if (megapixels >= kLargeMegapixels) {
      log_.from_rank(fmt::format("{}: {}", name, result.estimate()));
    }
    const auto start = std::chrono::steady_clock::now();
    const auto progress = [&](std::size_t done, std::size_t tiles) {
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (done < tiles) {
        report(0,
               fmt::format("{}: tile {} of {}, {} left", name, done, tiles,
                           format_duration(seconds / static_cast<double>(done) * static_cast<double>(tiles - done))));
      }
    };
    const auto note = [&](const fs::path& temporary) {
      describe_result(temporary, made);
      notes_.add(name_of_result(folder_, job), made);
    };
    write_result(upscaler_, std::move(image), job, result, settings_, progress,
                 folder_.empty() ? BeforeRename() : BeforeRename(note));
    if (megapixels >= kLargeMegapixels) {
      log_.from_rank(fmt::format("{}: made, with {:.0f} MB at most so far", name, peak_memory_mb()));
    }
    for (const std::string& change : result.changed) {
      changed_[change].push_back(name);
    }
  }

  /// UserError when the picture's estimate is above what the settings allow, or this rank's part of what is free.
  void check_memory(const ResultFile& result, const std::string& path) const {
    const char* advice = "a smaller upscale.tile needs less";
    const auto limit = static_cast<double>(settings_.memory_mb);
    if (limit > 0 && result.memory_mb > limit) {
      throw UserError("{}: {}, and upscale.memory_mb is {}; {}", path, result.estimate(), settings_.memory_mb, advice);
    }
    const auto free = free_memory_mb();
    if (limit == 0 && free && result.memory_mb > *free / comm_.local_size() + resident_memory_mb()) {
      throw UserError("{}: {}, and {:.0f} MB are free; {}, or set upscale.memory_mb to try all the same", path,
                      result.estimate(), *free / comm_.local_size(), advice);
    }
  }

  const PictureUpscaler& upscaler_;
  const UpscaleSettings& settings_;
  const fs::path folder_;
  Communicator& comm_;
  Log& log_;
  ResultNotes notes_;
  Remarks changed_;
  Remarks failed_;
};

/// The plan; UserError for mistakes in the paths.
UpscalePlan check_before_work(const fs::path& in, const fs::path& out, const UpscaleSettings& settings,
                              const fs::path& page) {
  UpscalePlan plan = plan_upscale(in, out, settings);
  if (!page.empty()) {
    check_comparison_page(page);
  }
  return plan;
}

}  // namespace

void upscale_files(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks, const fs::path& in,
                   const fs::path& out, Communicator& comm, Log& log, const fs::path& page) {
  check_before_work(in, out, settings, page);
  const Upscaler upscaler(loaded, settings, masks);
  const auto record = [&] {
    return upscale_record(loaded, settings, upscaler.uses_masks() ? std::optional(masks) : std::nullopt);
  };
  upscale_files(upscaler, record, settings, in, out, comm, log, {page, fs::path(loaded.name).filename().string()});
}

void upscale_files(const PictureUpscaler& upscaler, const std::function<std::string()>& record,
                   const UpscaleSettings& settings, const fs::path& in, const fs::path& out, Communicator& comm,
                   Log& log, const RequestedPage& page) {
  const UpscalePlan plan = check_before_work(in, out, settings, page.path);
  std::vector<char> kept(plan.jobs.size(), 0);
  std::unique_ptr<FolderLock> held;
  std::unique_ptr<ResultFolder> results;
  if (!plan.left_out.empty()) {
    log.warning("{}: {}", in.string(), plan.left_out);
  }
  for (const std::string& each : plan.unreadable) {
    log.warning("{}", one_line(each));
  }
  if (!plan.folder.empty()) {
    held = hold_folder(plan.folder, "upscale", comm, log);
    on_first_rank(
        [&] {
          results = std::make_unique<ResultFolder>(plan.folder, plan.jobs, record());
          if (settings.resume) {
            results->check();
          }
          kept = results->prepare(settings.resume);
        },
        comm);
    comm.broadcast(kept.data(), kept.size(), 0);
    await_shared_files({plan.folder}, comm, log);
  }
  log.info("upscaling {} x{}: {}", one_line(in.string()), upscaler.scale(), upscaler.describe());
  if (const std::string departure = upscaler.departure(); !departure.empty()) {
    log.warning("{}", departure);
  }
  Upscaling upscaling(upscaler, settings, plan.folder, comm, log);
  const std::vector<std::string> failed = upscaling.run(plan.jobs, kept);
  const MadeResults made = plan.folder.empty() ? MadeResults() : upscaling.made();
  if (!plan.folder.empty()) {
    await_shared_files({plan.folder}, comm, log);
    on_first_rank([&] { results->finish(made); }, comm);
  }
  if (!page.path.empty()) {
    std::vector<UpscaleJob> there;  // what this run has made or kept, and not what a failed picture has from before
    for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
      if (plan.folder.empty() || kept[i] != 0 || made.contains(name_of_result(plan.folder, plan.jobs[i]))) {
        there.push_back(plan.jobs[i]);
      }
    }
    const std::string made_with = fmt::format("{} ({})", page.model, upscaler.describe());
    on_first_rank([&] { compare_results(there, upscaler.scale(), settings.images, made_with, page.path, log); }, comm);
  }
  if (!failed.empty()) {
    throw UserError("{} of {} images could not be upscaled, the first is {}; the others are done", failed.size(),
                    plan.jobs.size(), failed.front());
  }
  if (!plan.unreadable.empty()) {
    throw UserError("the pictures of {} of the folders are left out, the first is {}; the others are done",
                    plan.unreadable.size(), plan.unreadable.front());
  }
}

void upscale_files(const ModelArgument& argument, c10::Device device, const fs::path& in, const fs::path& out,
                   Communicator& comm, Log& log, const fs::path& page) {
  await_shared_files({in, argument.path}, comm, log);
  check_before_work(in, out, argument.upscale, page);
  const std::unique_ptr<ReadyModel> model = ready_model(argument, device, log);
  upscale_files(model->upscaler(), [&] { return model->record(); }, argument.upscale, in, out, comm, log,
                {page, fs::path(source_of(argument)).filename().string()});
}

}  // namespace samsr
