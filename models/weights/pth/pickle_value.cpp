#include "models/weights/pth/pickle_value.h"

#include <algorithm>

#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace {

/// About 250 MB of values; the largest training checkpoints have some 100,000.
constexpr std::size_t kMostValues = 2'000'000;
constexpr std::size_t kMostNames = 100;

}  // namespace

PickleValue* PickleHeap::add(decltype(PickleValue::data) data) {
  if (values_.size() == kMostValues) {
    throw UnreadableWeights("its pickle makes more than {} values", kMostValues);
  }
  return &values_.emplace_back(PickleValue{std::move(data)});
}

PickleValue* PickleHeap::add_object(const std::string& type) {
  if (not_understood_.size() < kMostNames &&
      std::find(not_understood_.begin(), not_understood_.end(), type) == not_understood_.end()) {
    not_understood_.push_back(type);
  }
  return add(PickleObject{type});
}

PickleValue* PickleHeap::add_storage(PickleStorage storage) {
  storage_widths_.emplace(storage.key, storage.element_size());
  return add(std::move(storage));
}

}  // namespace samsr
