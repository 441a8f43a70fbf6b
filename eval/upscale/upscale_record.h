#pragma once
// What a folder of results was made with, so that results of two models or settings are never mixed unnoticed.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/upscale/upscale_plan.h"

namespace samsr {

/// Everything that the bytes of a result depend on beside the picture, as YAML: checksum and kind of the network, model
/// settings, `upscale.` without what only says how to get there (batch, resume), `masks.` where masks are in use.
std::string upscale_record(LoadedModel& loaded, UpscaleSettings settings, std::optional<MaskSettings> masks);

/// Which of the results are kept (1) and which are to be made (0): without `resume` all are made; else those are kept
/// that are not older than their pictures. UserError when the folder's record says that results were made with other
/// settings, or there are results and no record.
std::vector<char> kept_results(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs,
                               const std::string& record, bool resume);

/// Puts the record into the folder, which is made; removes what interrupted runs left there under temporary names,
/// and the results that are to be made anew, so that the record speaks true from the first moment.
void prepare_results(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs,
                     const std::vector<char>& kept, const std::string& record);

}  // namespace samsr
