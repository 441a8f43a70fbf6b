#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/upscale/model_argument.h"
#include "eval/upscale/upscaler.h"

namespace samsr {

/// Upscales one picture to a file, or one or a folder of them into a folder, names and subfolders kept, the ranks
/// taking one picture after another. Alpha (enlarged bicubically), grey, 16 bits and the ICC profile are kept where the
/// format of the result can hold them, and what it cannot is said; the EXIF orientation is applied. A folder of results
/// carries a record (eval/upscale/upscale_record.h): results that are there already are kept. A picture that fails, be
/// it for want of memory or because its result cannot be written, is named and the others are done; UserError at the
/// end counts them. A full or read-only disk, and a folder of results that is gone, end all. UserError before any work
/// when `in` is missing or empty, two pictures would get the same name, or `out` has another extension than those of
/// format_of_name(), is the input, a file where a folder is needed, or a folder of other results. `page`: of HTML, that
/// compares the pictures with their results at the end (compare_results()); empty for none; errors as
/// check_comparison_page(), before any work, and ComparisonPage's. Collective.
void upscale_files(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks,
                   const std::filesystem::path& in, const std::filesystem::path& out, Communicator& comm, Log& log,
                   const std::filesystem::path& page = {});

/// A page that compares pictures with their results, and the model's name on it; an empty path for none.
struct RequestedPage {
  std::filesystem::path path{};
  std::string model{};
};

/// The same with any upscaler; `record`: what its results depend on, upscale_record(), asked for where there is a
/// folder.
void upscale_files(const PictureUpscaler& upscaler, const std::function<std::string()>& record,
                   const UpscaleSettings& settings, const std::filesystem::path& in, const std::filesystem::path& out,
                   Communicator& comm, Log& log, const RequestedPage& page = {});

/// The same with a model of the command line, which computes on `device`; mistakes in the paths are met before it is
/// loaded.
void upscale_files(const ModelArgument& argument, c10::Device device, const std::filesystem::path& in,
                   const std::filesystem::path& out, Communicator& comm, Log& log,
                   const std::filesystem::path& page = {});

}  // namespace samsr
