// Any bytes as an archive: its members listed and read, and those of the archives in it. A tar's headers carry sums,
// which the mutator makes fit, as nothing behind them would be reached otherwise.

#include <algorithm>
#include <cstring>

#include "data/photographs/archive.h"
#include "fuzz/memory_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t most);

namespace {

constexpr std::size_t kBlock = 512;

void mend_tar(std::uint8_t* bytes, std::size_t size) {
  for (std::size_t at = 0; at + kBlock <= size; at += kBlock) {
    std::uint8_t* block = bytes + at;
    if (std::memcmp(block + 257, "ustar", 5) != 0) {
      continue;
    }
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
      sum += i >= 148 && i < 156 ? ' ' : block[i];
    }
    for (std::size_t digit = 0; digit < 6; ++digit) {
      block[148 + digit] = static_cast<std::uint8_t>('0' + (sum >> (3 * (5 - digit)) & 7));
    }
    block[154] = 0;
    block[155] = ' ';
  }
}

void read_all(const samsr::RandomAccessFile& file, std::uint64_t offset, std::uint64_t size, int depth) {
  samsr::LeftOutPictures left_out;
  const auto members = samsr::members_of({.file = &file, .offset = offset, .size = size, .name = "input"}, left_out,
                                         [](std::uint64_t) {});
  for (const samsr::ArchiveMember& member : members) {
    if (member.name.empty() || member.name.front() == '/' ||
        ("/" + member.name + "/").find("/../") != std::string::npos ||
        (!member.deflated && (member.offset < offset || member.size > offset + size - member.offset))) {
      std::abort();
    }
    samsr::fuzz::must_be_read_or_refused([&] {
      if (member.archive && depth < 3) {
        read_all(file, member.offset, member.size, depth + 1);
      } else if (samsr::read_member(file, member, "member").size() != member.size) {
        std::abort();
      }
    });
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size, std::size_t most, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(bytes, size, most);
  if (seed % 8 != 0) {
    mend_tar(bytes, mutated);
  }
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile input(bytes, size);
  samsr::fuzz::must_be_read_or_refused([&] {
    const samsr::RandomAccessFile file(input.path(), samsr::RandomAccessFile::Access::kRead);
    read_all(file, 0, file.size(), 1);
  });
  return 0;
}
