#include "data/photographs/packed_places.h"

#include <cstring>

#include "core/append_bytes.h"

namespace samsr {
namespace {

/// A place without its path, which follows it.
struct PlaceHead {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t source = 0;
  std::uint32_t packing = 0;
  std::uint32_t file_length = 0;
  std::uint32_t path_length = 0;
};
static_assert(sizeof(PlaceHead) == 32);

}  // namespace

void append_place(std::string& bytes, const PhotographPlace& place) {
  const PlaceHead head{.offset = place.offset,
                       .size = place.size,
                       .source = place.source,
                       .packing = static_cast<std::uint32_t>(place.packing),
                       .file_length = place.file_length,
                       .path_length = static_cast<std::uint32_t>(place.path.size())};
  append_bytes(bytes, head);
  bytes += place.path;
}

PhotographPlace take_place(std::string_view& bytes) {
  PlaceHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  PhotographPlace place{.source = head.source,
                        .path = std::string(bytes.substr(sizeof head, head.path_length)),
                        .file_length = head.file_length,
                        .packing = static_cast<PhotographPlace::Packing>(head.packing),
                        .offset = head.offset,
                        .size = head.size};
  bytes.remove_prefix(sizeof head + head.path_length);
  return place;
}

void PackedPlaces::append(const PhotographPlace& place) {
  offsets_.push_back(bytes_.size());
  append_place(bytes_, place);
}

PhotographPlace PackedPlaces::at(std::uint64_t number) const {
  std::string_view bytes = std::string_view(bytes_).substr(offsets_.at(number));
  return take_place(bytes);
}

void PackedPlaces::broadcast(Communicator& comm) {
  std::uint64_t sizes[] = {offsets_.size(), bytes_.size()};
  comm.broadcast(sizes, sizeof sizes, 0);
  offsets_.resize(sizes[0]);
  bytes_.resize(sizes[1]);
  comm.broadcast(offsets_.data(), offsets_.size() * sizeof(std::uint64_t), 0);
  comm.broadcast(bytes_.data(), bytes_.size(), 0);
}

}  // namespace samsr
