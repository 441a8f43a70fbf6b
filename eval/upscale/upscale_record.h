#pragma once
// What a folder of results was made with, so that results of two models or settings are never mixed unnoticed.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "eval/upscale/upscale_plan.h"

namespace samsr {

/// Everything that the bytes of a result depend on beside the picture, as YAML: checksum and kind of the network, model
/// settings, `upscale.` without what only says how to get there (batch, resume), `masks.` where masks are in use.
std::string upscale_record(LoadedModel& loaded, UpscaleSettings settings, std::optional<MaskSettings> masks);

/// What the pictures of jobs are, and what the results that lie in their folder were made from: the file
/// .samsr-upscale-inputs beside the record, which has a line of facts for each result. A picture is taken for the one
/// that a result was made from when path, size and both times are equal to the nanosecond, or the content is.
class UpscaleInputs {
 public:
  /// Looks at the pictures, and into `folder`; reads pictures where their times tell of a change.
  UpscaleInputs(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs);

  /// Whether the result of a job, if there is one, was made from its picture as it is now.
  bool is_from_picture(std::size_t job) const { return same_[job] != 0; }
  /// Whether the folder says of no result what it was made from, as those of earlier versions.
  bool unknown() const { return stored_.empty(); }
  /// The facts of all results as they will be, those of other jobs in the folder kept.
  void write();

 private:
  const std::filesystem::path folder_;
  const std::vector<UpscaleJob>& jobs_;
  std::map<std::string, std::string> stored_;  ///< result, relative to the folder → path of the picture and its facts
  std::vector<char> same_;                     ///< by job
};

/// Which of the results are kept (1) and which are to be made (0): without `resume` all are made; else those are kept
/// that were made from their pictures as they are now. UserError when the folder's record says that results were made
/// with other settings, or there are results and no record.
std::vector<char> kept_results(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs,
                               const UpscaleInputs& inputs, const std::string& record, bool resume, Log& log);

/// Puts the record and the facts of the pictures into the folder, which is made; removes what interrupted runs left
/// there under temporary names, and the results that are to be made anew, so that the record speaks true from the first
/// moment.
void prepare_results(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs,
                     const std::vector<char>& kept, UpscaleInputs& inputs, const std::string& record);

}  // namespace samsr
