#pragma once
// What is known of the results in a folder: which picture each was made from, and which file it is. It lies in the file
// .samsr-upscale-inputs of that folder; while a run works, also in one file a rank, .samsr-upscale-inputs.RANK, that
// grows with each result, so that whatever ends the run, no result is taken for a file of the user, nor the reverse.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "eval/upscale/upscale_plan.h"

namespace samsr {

/// One result. Texts that are compared as they are.
struct MadeResult {
  std::string picture;   ///< absolute path of the picture
  std::string facts;     ///< its size and times, of content and of any change, which nobody can set back
  std::string content;   ///< its size and checksum; empty for a result that is made again whatever its picture is
  std::string modified;  ///< size and time of the result
  std::string bytes;     ///< its size and checksum
};

/// Result, relative to the folder → what is known of it. More than one where a run was interrupted between the note of
/// a new file and its renaming.
using MadeResults = std::multimap<std::string, MadeResult>;

/// A picture as it is now; without what follows from its result.
MadeResult made_from(const std::filesystem::path& picture);

/// Sets what tells the file of a result. UserError when it cannot be read.
void describe_result(const std::filesystem::path& file, MadeResult& made);

/// The results that the folder's files know; none where there are no such files, or those of earlier versions.
MadeResults read_made_results(const std::filesystem::path& folder);

/// Writes what is known into one file, and removes those of ranks.
void write_made_results(const std::filesystem::path& folder, const MadeResults& results);

/// Text of results for other ranks, and back.
std::string to_text(const MadeResults& results);
MadeResults made_results_of(const std::string& text);

/// The results of one rank while it works.
class ResultNotes {
 public:
  ResultNotes(const std::filesystem::path& folder, int rank);

  /// Notes a result, on the disk when it returns: before its file gets its name. Errors as throw_write_error().
  void add(const std::string& result, const MadeResult& made);

  const MadeResults& results() const { return results_; }

 private:
  const std::filesystem::path file_;
  MadeResults results_;
};

/// What lies where a result goes.
enum class ResultState : char {
  kAbsent,
  kKept,      ///< made from the picture as it is now
  kOutdated,  ///< made by samsr, from another picture or with other settings
  kUnknown,   ///< not made by samsr, changed since, or a folder
};

/// The states of the results of jobs, in their order; finds which of `known` each is and brings that up to date: facts
/// of a picture whose content is the same, and no more than one entry for a file that is there.
std::vector<ResultState> states_of(const std::filesystem::path& folder, const std::vector<UpscaleJob>& jobs,
                                   MadeResults& known);

/// The key of a job's result in MadeResults.
std::string name_of_result(const std::filesystem::path& folder, const UpscaleJob& job);

}  // namespace samsr
