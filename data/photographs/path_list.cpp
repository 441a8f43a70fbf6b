#include "data/photographs/path_list.h"

#include <array>

namespace samsr {
namespace fs = std::filesystem;
namespace {

fs::path paths_in(const fs::path& place) { return place / "paths"; }
fs::path offsets_in(const fs::path& place) { return place / "offsets"; }

/// Appends to a file in large pieces.
class Appender {
 public:
  explicit Appender(const fs::path& path) : file_(path, RandomAccessFile::Access::kCreate) {}

  void append(const void* bytes, std::size_t size) {
    pending_.append(static_cast<const char*>(bytes), size);
    constexpr std::size_t kBuffer = std::size_t{1} << 20;
    if (pending_.size() >= kBuffer) {
      flush();
    }
  }
  void flush() {
    file_.write_at(written_, pending_.data(), pending_.size());
    written_ += pending_.size();
    pending_.clear();
  }
  std::uint64_t size() const { return written_ + pending_.size(); }

 private:
  const RandomAccessFile file_;
  std::uint64_t written_ = 0;
  std::string pending_;
};

}  // namespace

LeftOutPictures PathList::write(const fs::path& images, const fs::path& place) {
  Appender paths(paths_in(place));
  Appender offsets(offsets_in(place));
  std::uint64_t count = 0;
  const auto mark = [&] {
    const std::uint64_t offset = paths.size();
    offsets.append(&offset, sizeof offset);
  };
  LeftOutPictures left_out = walk_images(images, [&](const std::string& path) {
    if (count++ % kPiece == 0) {
      mark();
    }
    paths.append(path.c_str(), path.size() + 1);
  });
  mark();
  paths.flush();
  offsets.flush();
  return left_out;
}

void PathList::remove(const fs::path& place) {
  std::error_code ignored;
  fs::remove(paths_in(place), ignored);
  fs::remove(offsets_in(place), ignored);
}

PathList::PathList(const fs::path& place)
    : paths_(paths_in(place), RandomAccessFile::Access::kRead),
      offsets_(offsets_in(place), RandomAccessFile::Access::kRead),
      pieces_(fs::file_size(offsets_in(place)) / sizeof(std::uint64_t) - 1) {}

std::vector<std::string> PathList::piece(std::uint64_t number) const {
  std::array<std::uint64_t, 2> range{};
  offsets_.read_at(number * sizeof(std::uint64_t), range.data(), sizeof range);
  std::string text(range[1] - range[0], '\0');
  paths_.read_at(range[0], text.data(), text.size());
  std::vector<std::string> paths;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\0', at);
    paths.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return paths;
}

}  // namespace samsr
