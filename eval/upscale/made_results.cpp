#include "eval/upscale/made_results.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/field_text.h"
#include "core/nested_paths.h"
#include "core/parallel.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kResultsFile = ".samsr-upscale-inputs";
/// Stands before every result, so that a file may grow, and be cut, anywhere.
constexpr const char* kMadeResultFormat = "samsr-upscale-inputs/2";
constexpr std::size_t kFieldsOfResult = 7;

std::string text_of_time(const timespec& time) { return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec); }

std::string modified_of(const struct stat& status) {
  return fmt::format("{} {}", status.st_size, text_of_time(status.st_mtim));
}

/// Size and checksum of a file.
std::string content_of_file(const fs::path& file) {
  return fmt::format("{} {:08x}", fs::file_size(file), file_crc32c(file));
}

/// Empty for a picture that cannot be read; its own message comes when it is its turn.
std::string content_of_picture(const fs::path& picture) {
  try {
    return fs::is_regular_file(picture) ? content_of_file(picture) : "";
  } catch (const std::exception&) {
    return "";
  }
}

/// Path and facts of a picture; not its content, for which it is read.
MadeResult seen_picture(const fs::path& picture) {
  struct stat status {};
  const bool found = ::stat(picture.c_str(), &status) == 0;
  return {.picture = absolute_path(picture).string(),
          .facts = found ? fmt::format("{} {}", modified_of(status), text_of_time(status.st_ctim)) : "absent",
          .content = {},
          .modified = {},
          .bytes = {}};
}

std::string record_of(const std::string& result, const MadeResult& made) {
  return join_fields({kMadeResultFormat, result, made.picture, made.facts, made.content, made.modified, made.bytes});
}

/// The files of ranks, of an interrupted run perhaps of more of them than this one has.
std::vector<fs::path> files_of_ranks(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    const std::string name = entry.path().filename().string();
    const std::string prefix = std::string(kResultsFile) + '.';
    if (name.starts_with(prefix) && name.find_first_not_of("0123456789", prefix.size()) == std::string::npos) {
      files.push_back(entry.path());
    }
  }
  return files;
}

/// Whether `file` is the result that `made` tells of. Copied or touched, it still is: then the content decides.
bool is_result(const fs::path& file, const struct stat& status, const MadeResult& made) {
  if (made.modified == modified_of(status)) {
    return true;
  }
  return made.bytes.starts_with(fmt::format("{} ", status.st_size)) && made.bytes == content_of_picture(file);
}

struct ResultFinding {
  ResultState state = ResultState::kAbsent;
  std::optional<MadeResult> made;
};

ResultFinding look_at(const UpscaleJob& job, const MadeResults& known, const std::string& name) {
  std::error_code unreachable;
  const fs::file_type type = fs::symlink_status(job.out, unreachable).type();
  if (type == fs::file_type::not_found || type == fs::file_type::none) {
    return {};
  }
  struct stat status {};
  if (::stat(job.out.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {ResultState::kUnknown, {}};
  }
  const auto [first, last] = known.equal_range(name);
  for (auto entry = first; entry != last; ++entry) {
    MadeResult made = entry->second;
    if (!is_result(job.out, status, made)) {
      continue;
    }
    made.modified = modified_of(status);
    const MadeResult now = seen_picture(job.in);
    const bool untouched = made.picture == now.picture && made.facts == now.facts;
    if (made.content.empty() || !(untouched || made.content == content_of_picture(job.in))) {
      return {ResultState::kOutdated, made};
    }
    made.picture = now.picture;
    made.facts = now.facts;
    return {ResultState::kKept, made};
  }
  return {ResultState::kUnknown, {}};
}

}  // namespace

MadeResult made_from(const fs::path& picture) {
  // Facts before content: a picture that is replaced in between is seen to be another the next time.
  MadeResult made = seen_picture(picture);
  made.content = content_of_picture(picture);
  return made;
}

void describe_result(const fs::path& file, MadeResult& made) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    throw_write_error(file, errno);
  }
  made.modified = modified_of(status);
  made.bytes = content_of_file(file);
}

std::string to_text(const MadeResults& results) {
  std::string text;
  for (const auto& [result, made] : results) {
    text += record_of(result, made);
  }
  return text;
}

MadeResults made_results_of(const std::string& text) {
  MadeResults results;
  const std::vector<std::string> fields = split_fields(text);
  for (std::size_t i = 0; i + kFieldsOfResult <= fields.size() && fields[i] == kMadeResultFormat;
       i += kFieldsOfResult) {
    results.insert({fields[i + 1], {fields[i + 2], fields[i + 3], fields[i + 4], fields[i + 5], fields[i + 6]}});
  }
  return results;
}

MadeResults read_made_results(const fs::path& folder) {
  MadeResults results;
  std::vector<fs::path> files = files_of_ranks(folder);
  files.push_back(folder / kResultsFile);
  for (const fs::path& file : files) {
    if (fs::is_regular_file(file)) {
      results.merge(made_results_of(read_file(file)));
    }
  }
  return results;
}

void write_made_results(const fs::path& folder, const MadeResults& results) {
  write_file_atomically(folder / kResultsFile, to_text(results));
  for (const fs::path& file : files_of_ranks(folder)) {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
}

ResultNotes::ResultNotes(const fs::path& folder, int rank) : file_(folder / fmt::format("{}.{}", kResultsFile, rank)) {}

void ResultNotes::add(const std::string& result, const MadeResult& made) {
  const std::string record = record_of(result, made);
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (file < 0) {
    throw_write_error(file_, errno);
  }
  const off_t before = ::lseek(file, 0, SEEK_END);
  errno = ENOSPC;  // for a record that is written in part, of which the system says no more
  const bool written =
      ::write(file, record.data(), record.size()) == static_cast<ssize_t>(record.size()) && ::fsync(file) == 0;
  const int error = errno;
  if (!written && ::ftruncate(file, before) != 0) {
    // What follows the torn record is not read: those results are then taken for files of the user, and refused.
  }
  ::close(file);
  if (!written) {
    throw_write_error(file_, error);
  }
  results_.insert({result, made});
}

std::string name_of_result(const fs::path& folder, const UpscaleJob& job) {
  return job.out.lexically_relative(folder).string();
}

std::vector<ResultState> states_of(const fs::path& folder, const std::vector<UpscaleJob>& jobs, MadeResults& known) {
  std::vector<ResultFinding> findings(jobs.size());
  in_parallel(static_cast<std::int64_t>(jobs.size()), [&](std::int64_t number) {
    const auto index = static_cast<std::size_t>(number);
    findings[index] = look_at(jobs[index], known, name_of_result(folder, jobs[index]));
  });
  std::vector<ResultState> states;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (findings[i].made) {
      const std::string name = name_of_result(folder, jobs[i]);
      known.erase(name);
      known.insert({name, *findings[i].made});
    }
    states.push_back(findings[i].state);
  }
  return states;
}

}  // namespace samsr
