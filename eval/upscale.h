#pragma once

#include <filesystem>

#include "core/log.h"
#include "eval/upscaler.h"

namespace samsr {

/// Upscales one picture to a file, or a folder of them to OUT/<name>.png, names and subfolders kept. Grey
/// becomes RGB, 16 bits become 8, alpha is enlarged bicubically and kept, EXIF orientation is applied. A picture
/// that fails is named and the others are done; UserError at the end counts them. UserError before any work when
/// `in` is missing or empty, two pictures would get the same name, or `out` is not a PNG, is the input, or a
/// file where a folder is needed.
void upscale_files(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks,
                   const std::filesystem::path& in, const std::filesystem::path& out, Log& log);

}  // namespace samsr
