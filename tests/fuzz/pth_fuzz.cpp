// Any bytes as a file of weights: told by content, so PyTorch's zip, its older layout, and safetensors. Entries of a
// zip carry CRCs, which the mutator makes fit.

#include "fuzz/memory_file.h"
#include "fuzz/mended_zip.h"
#include "models/weights/weight_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  samsr::fuzz::must_be_read_or_refused([&] { samsr::read_weights(file.path()); });
  return 0;
}
