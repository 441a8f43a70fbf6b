// Any bytes as a shard: its description, then every field of its first samples.

#include <algorithm>
#include <vector>

#include "data/shards/random_access_file.h"
#include "data/shards/shard.h"
#include "fuzz/memory_file.h"

namespace {

void read_samples(const samsr::Shard& shard) {
  const samsr::RandomAccessFile file(shard.path(), samsr::RandomAccessFile::Access::kRead);
  for (std::uint64_t sample = 0; sample < std::min<std::uint64_t>(shard.samples(), 3); ++sample) {
    for (const samsr::ShardField& field : shard.fields()) {
      std::vector<char> out(field.bytes);
      shard.read(file, field, sample, out.data());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  samsr::fuzz::must_be_read_or_refused([&] { read_samples(samsr::Shard(file.path())); });
  return 0;
}
