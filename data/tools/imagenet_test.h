#pragma once

#include <cstdint>
#include <filesystem>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

struct ImagenetTestOptions {
  std::filesystem::path images{};  ///< folder of photographs: ImageNet's validation set
  std::filesystem::path out{};
  std::filesystem::path list{};  ///< text file, one name a line, with extension and folders or without; empty: chosen
  std::uint64_t count = 3000;    ///< pictures to choose, where there is no list
  std::uint64_t seed = 10000;    ///< of the choice and the degradation; 10000 chooses as the published script does
};

/// Makes ImageNet-Test by the protocol of ResShift's scripts/prepare_testing_imagenet.py: photographs chosen by
/// published_choice() from their sorted list, or those of `list`; each cut by centre_square() to 256 pixels and
/// degraded ×4 by configs/degradation/resshift_testing.yaml, without rounding between. Writes out/gt/NAME.png (256 ×
/// 256) and out/lq/NAME.png (64 × 64), NAME the photograph's without its extension, and at the end out/record.jsonl:
/// seed, version and settings, then a line for each picture with its photograph, its cut and all that was drawn, in the
/// order of names. What is drawn depends on seed and NAME alone. What is complete is kept; a run that was interrupted
/// goes on. The same bytes from any number of ranks. UserError when photographs are missing, `out` holds other pictures
/// (says what differs), or photographs cannot be read, each of which is one line before (the others are written).
/// Collective.
void make_imagenet_test(const ImagenetTestOptions& options, Communicator& comm, Log& log);

}  // namespace samsr
