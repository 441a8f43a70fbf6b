// Any bytes as manifest.json; what is read must be written and read again as the same.

#include "data/shards/manifest.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  samsr::fuzz::must_be_read_or_refused([&] {
    const samsr::Manifest manifest = samsr::parse_manifest(samsr::fuzz::text_of(bytes, size), "manifest.json");
    for (const samsr::ManifestEntry& entry : manifest.shards) {
      if (entry.file.find('/') != std::string::npos || !(samsr::entry_from_json(samsr::to_json(entry)) == entry)) {
        std::abort();
      }
    }
  });
  return 0;
}
