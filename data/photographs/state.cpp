#include "data/photographs/state.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

#include "core/checksum.h"
#include "core/progress.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// They wait for the file system most of the time.
constexpr std::size_t kThreads = 8;

/// Of a file, as a line has it.
std::string state_of_file(const fs::path& path) {
  struct stat status {};
  const bool found = ::stat(path.c_str(), &status) == 0;
  return fmt::format("{}\t{}.{}", found ? status.st_size : -1, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::string state_of_piece(const std::vector<PhotographPlace>& places, const PhotographSources& sources,
                           const std::vector<fs::path>& roots, const ImageLimits& limits) {
  const std::string unusual =
      limits == ImageLimits{} ? std::string() : fmt::format("{} {}\n", limits.megapixels, limits.memory_mb);
  std::uint32_t checksum = crc32c(unusual.data(), unusual.size());
  fs::path file;  // whose state is known: members of an archive follow each other
  std::string known;
  for (const PhotographPlace& place : places) {
    if (const fs::path now = roots[place.source] / place.file(); now != file) {
      known = state_of_file(now);
      file = now;
    }
    std::string line = fmt::format("{}{}\t{}", source_prefix(sources, place), place.path, known);
    if (place.path.size() != place.file_length) {
      line += fmt::format("\t{}+{}", place.offset, place.size);
    }
    line += '\n';
    checksum = crc32c(line.data(), line.size(), checksum);
  }
  return state_text(checksum);
}

}  // namespace

std::string state_text(std::uint32_t checksum) { return fmt::format("{:08x}", checksum); }

std::string source_prefix(const PhotographSources& sources, const PhotographPlace& place) {
  return sources.size() == 1 ? std::string() : fmt::format("{}\t", place.source);
}

std::string states_of_pieces(const PlaceList& list, const std::vector<std::uint64_t>& numbers,
                             const PhotographSources& sources, const ImageLimits& limits, std::uint64_t ranks,
                             Log& log) {
  const std::vector<fs::path> roots = roots_of(sources);
  Progress progress(log, "comparing files with the index", static_cast<std::int64_t>(list.pieces() * PlaceList::kPiece),
                    "files");
  std::vector<std::string> states(numbers.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto look = [&] {
    try {
      for (std::size_t i = next++; i < numbers.size(); i = next++) {
        states[i] = state_of_piece(list.piece(numbers[i]), sources, roots, limits);
        progress.advance(static_cast<std::int64_t>(PlaceList::kPiece * ranks));
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(kThreads, numbers.size()); ++i) {
    threads.emplace_back(look);
  }
  look();
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  std::string joined;
  for (const std::string& state : states) {
    joined += state;
  }
  return joined;
}

}  // namespace samsr
