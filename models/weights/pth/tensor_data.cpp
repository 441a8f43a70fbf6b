#include "models/weights/pth/tensor_data.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "models/weights/printable.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace {

/// Tensors may repeat the elements of a storage (strides of 0, tied weights), but not without measure.
constexpr std::uint64_t kMostRepeats = 8;
constexpr std::uint64_t kFreeBytes = 64 << 20;

class Reader {
 public:
  explicit Reader(const StorageBytes& storages) : storages_(storages) {}

  at::Tensor read(const std::string& name, const PickleTensor& tensor) {
    const std::uint64_t elements = element_count(name, tensor);
    reserve(name, elements * c10::elementSize(tensor.type));
    if (elements == 0) {
      return at::empty(tensor.sizes, at::TensorOptions(tensor.type));
    }
    const PickleStorage& storage = tensor.storage;
    const at::Tensor& bytes = storage_bytes(storage.key);
    std::uint64_t begin = 0;
    std::uint64_t length = 0;
    std::uint64_t end = 0;
    const bool fits =
        !__builtin_mul_overflow(static_cast<std::uint64_t>(storage.begin), storage.element_size(), &begin) &&
        !__builtin_mul_overflow(static_cast<std::uint64_t>(storage.count), storage.element_size(), &length) &&
        !__builtin_add_overflow(begin, length, &end) && end <= static_cast<std::uint64_t>(bytes.numel());
    if (!fits) {
      throw UnreadableWeights("its storage '{}' has {} bytes, fewer than its pickle says", printable(storage.key),
                              bytes.numel());
    }
    const std::uint64_t width = c10::elementSize(tensor.type);
    const std::uint64_t held = length / width;
    if (begin % width != 0 || last_element(tensor) >= held) {
      throw UnreadableWeights("its tensor '{}' reaches beyond its storage of {} elements", printable(name), held);
    }
    return bytes.narrow(0, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(held * width))
        .view(tensor.type)
        .as_strided(tensor.sizes, tensor.strides, static_cast<std::int64_t>(begin / width) + tensor.offset)
        .contiguous();
  }

 private:
  static std::uint64_t element_count(const std::string& name, const PickleTensor& tensor) {
    std::uint64_t product = 1;
    bool none = false;
    for (const std::int64_t size : tensor.sizes) {
      none = none || size == 0;
      if (__builtin_mul_overflow(product, static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1)), &product) ||
          product >> 56 != 0) {
        throw UnreadableWeights("its tensor '{}' has a shape too large for any file", printable(name));
      }
    }
    return none ? 0 : product;
  }
  /// Index in the storage of the element that lies furthest; the largest number where that is beyond 64 bits.
  static std::uint64_t last_element(const PickleTensor& tensor) {
    auto last = static_cast<std::uint64_t>(tensor.offset);
    for (std::size_t i = 0; i < tensor.sizes.size(); ++i) {
      std::uint64_t reach = 0;
      if (__builtin_mul_overflow(static_cast<std::uint64_t>(tensor.sizes[i] - 1),
                                 static_cast<std::uint64_t>(tensor.strides[i]), &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        return ~std::uint64_t{0};
      }
    }
    return last;
  }
  void reserve(const std::string& name, std::uint64_t bytes) {
    taken_ += bytes;
    if (bytes > kMostRepeats * storages_.total() + kFreeBytes ||
        taken_ > kMostRepeats * storages_.total() + kFreeBytes) {
      throw UnreadableWeights("its tensors up to '{}' would take {} bytes, but its storages have {}", printable(name),
                              taken_, storages_.total());
    }
  }
  const at::Tensor& storage_bytes(const std::string& key) {
    const auto found = read_.find(key);
    if (found != read_.end()) {
      return found->second;
    }
    at::Tensor bytes = at::empty({static_cast<std::int64_t>(storages_.size(key))}, at::TensorOptions(at::kByte));
    storages_.read(key, bytes.data_ptr());
    return read_.emplace(key, std::move(bytes)).first->second;
  }

  const StorageBytes& storages_;
  std::map<std::string, at::Tensor> read_;
  std::uint64_t taken_ = 0;
};

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> read_tensors(const StateDict& state, const StorageBytes& storages) {
  Reader reader(storages);
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& [name, tensor] : state.tensors) {
    tensors.emplace_back(name, reader.read(name, *tensor));
  }
  return tensors;
}

}  // namespace samsr
