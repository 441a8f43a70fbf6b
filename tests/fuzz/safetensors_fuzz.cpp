// Any bytes as a safetensors file, whole and its metadata alone, and as one of adapters, merged into what it holds
// itself.

#include "fuzz/memory_file.h"
#include "models/lora/adapter_file.h"
#include "models/weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  samsr::fuzz::must_be_read_or_refused([&] {
    const samsr::TensorFile read = samsr::read_safetensors(file.path());
    if (samsr::read_safetensors_metadata(file.path()) != read.metadata) {
      std::abort();
    }
    if (samsr::is_adapter_file(read)) {
      samsr::merged(read, "the base", samsr::read_adapters(read, "the file"), 1);
    }
  });
  return 0;
}
