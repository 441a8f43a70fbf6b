#pragma once

#include <cstdint>
#include <filesystem>

#include "core/log.h"

namespace samsr {

/// Parts the photographs below `images` by links: folder/train and folder/held_out, which has the first and every
/// `every`-th after it, in the order of the walk. The links are called NUMBER_NAME and lead to absolute paths. The file
/// folder/.samsr-split lists them: what it lists, and nothing else, is cleared when the folder is made again.
/// UserError for an archive or list, when there are fewer than two photographs, one of the folders lies within the
/// other, or `folder` holds anything that is not listed.
void split_photographs(const std::filesystem::path& images, const std::filesystem::path& folder, std::uint64_t every,
                       Log& log);

}  // namespace samsr
