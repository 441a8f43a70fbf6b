#pragma once
// What a folder of results was made with, so that results of two models or settings are never mixed unnoticed.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/upscale/made_results.h"
#include "eval/upscale/upscale_plan.h"
#include "models/peers/peer_model.h"

namespace samsr {

/// Everything that the bytes of a result depend on beside the picture, as YAML: checksum and kind of the network, model
/// settings, `upscale.` without what only says how to get there (batch, resume), `masks.` where masks are in use.
std::string upscale_record(LoadedModel& loaded, UpscaleSettings settings, std::optional<MaskSettings> masks);
/// The same of a compared method, whose sizes follow from its weights.
std::string upscale_record(const PeerModel& model, UpscaleSettings settings);

/// The folder of results as a run finds it, prepares it and leaves it: the record, and what is known of each result.
class ResultFolder {
 public:
  /// Looks at pictures and results, and reads those whose times tell of a change. `jobs` must outlive it.
  ResultFolder(std::filesystem::path folder, const std::vector<UpscaleJob>& jobs, std::string record);

  /// UserError when the folder's record says that results were made with other settings, there are results and no
  /// record, or a file that no run has made, or that was changed since, lies where a result goes.
  void check() const;

  /// Puts the record and what is known into the folder, which is made, and removes what interrupted runs left there
  /// under temporary names, so that both speak true from the first moment. Results stay until others take their places;
  /// those that are to be made again are noted as such. Which are kept (1), those made from their pictures as they are
  /// now, and which are to be made (0): all of them without `resume`.
  std::vector<char> prepare(bool resume);

  /// Notes what all ranks have made.
  void finish(const MadeResults& made);

 private:
  const std::filesystem::path folder_;
  const std::vector<UpscaleJob>& jobs_;
  const std::string record_;
  MadeResults known_;
  std::vector<ResultState> states_;  ///< by job
  bool has_record_ = false;
  std::vector<std::string> differences_{};
};

}  // namespace samsr
