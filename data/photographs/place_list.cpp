#include "data/photographs/place_list.h"

#include <array>
#include <string_view>

#include "data/photographs/packed_places.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

fs::path places_in(const fs::path& folder) { return folder / "places"; }
fs::path offsets_in(const fs::path& folder) { return folder / "offsets"; }

}  // namespace

/// Appends to a file in large pieces.
class PlaceListWriter::Appender {
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

PlaceListWriter::PlaceListWriter(const fs::path& folder)
    : places_(std::make_unique<Appender>(places_in(folder))),
      offsets_(std::make_unique<Appender>(offsets_in(folder))) {}

PlaceListWriter::~PlaceListWriter() = default;

void PlaceListWriter::append(const PhotographPlace& place) {
  if (count_++ % PlaceList::kPiece == 0) {
    const std::uint64_t offset = places_->size();
    offsets_->append(&offset, sizeof offset);
  }
  std::string bytes;
  append_place(bytes, place);
  places_->append(bytes.data(), bytes.size());
}

void PlaceListWriter::finish() {
  const std::uint64_t end = places_->size();
  offsets_->append(&end, sizeof end);
  places_->flush();
  offsets_->flush();
}

void PlaceList::remove(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(places_in(folder), ignored);
  fs::remove(offsets_in(folder), ignored);
}

PlaceList::PlaceList(const fs::path& folder)
    : places_(places_in(folder), RandomAccessFile::Access::kRead),
      offsets_(offsets_in(folder), RandomAccessFile::Access::kRead),
      pieces_(fs::file_size(offsets_in(folder)) / sizeof(std::uint64_t) - 1) {}

std::vector<PhotographPlace> PlaceList::piece(std::uint64_t number) const {
  std::array<std::uint64_t, 2> range{};
  offsets_.read_at(number * sizeof(std::uint64_t), range.data(), sizeof range);
  std::string bytes(range[1] - range[0], '\0');
  places_.read_at(range[0], bytes.data(), bytes.size());
  std::vector<PhotographPlace> places;
  for (std::string_view left = bytes; !left.empty();) {
    places.push_back(take_place(left));
  }
  return places;
}

}  // namespace samsr
