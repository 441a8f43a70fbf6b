// Any bytes as a .npz file of statistics, as far as the distance that is computed of them. Entries of a zip carry CRCs,
// which the mutator makes fit.

#include "eval/metrics/fid/frechet.h"
#include "eval/metrics/fid/set_statistics.h"
#include "fuzz/memory_file.h"
#include "fuzz/mended_zip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  samsr::fuzz::must_be_read_or_refused([&] {
    const samsr::SetStatistics read = samsr::read_statistics(file.path());
    const samsr::NormalFit fit = samsr::fit_of_statistics(read.mean, read.covariance);
    if (samsr::frechet_distance(fit, fit) < 0) {
      std::abort();
    }
  });
  return 0;
}
