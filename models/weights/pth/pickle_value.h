#pragma once
// What a pickle of PyTorch's can hold, as plain data. Values live in a PickleHeap and point at each other, as the
// objects of a pickle may share parts and form rings.

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace samsr {

struct PickleValue;

/// list, tuple, set, torch.Size.
struct PickleList {
  std::vector<PickleValue*> items;
};

/// dict, OrderedDict, defaultdict: in order, later entries of the same key override earlier ones.
struct PickleDict {
  std::vector<std::pair<PickleValue*, PickleValue*>> items;
};

/// The name `module.name` of a class or function.
struct PickleGlobal {
  std::string name;
};

/// A stretch of `count` elements in the storage of that key, from element `begin` on. The elements are bytes where
/// `type` is empty.
struct PickleStorage {
  std::string key;
  std::optional<at::ScalarType> type;
  std::int64_t begin = 0;
  std::int64_t count = 0;

  std::uint64_t element_size() const { return type ? c10::elementSize(*type) : 1; }
};

/// A strided view of a storage. Offset and strides count elements of `type`.
struct PickleTensor {
  PickleStorage storage;
  at::ScalarType type;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

/// An object of a class, or a result of a function, that is not understood here: nothing was called for it.
struct PickleObject {
  std::string type;              ///< `module.name` of the class or function
  PickleValue* state = nullptr;  ///< its attributes, where it has any
};

/// None, or a number beyond 64 bits.
using PickleNothing = std::monostate;

struct PickleValue {
  std::variant<PickleNothing, bool, std::int64_t, double, std::string, PickleList, PickleDict, PickleGlobal,
               PickleStorage, PickleTensor, PickleObject>
      data;

  template <class Type>
  const Type* as() const {
    return std::get_if<Type>(&data);
  }
  template <class Type>
  Type* as() {
    return std::get_if<Type>(&data);
  }
};

/// Keeps the values of a pickle. Freed all together, so that deep nesting costs no stack.
class PickleHeap {
 public:
  /// UnreadableWeights beyond a count that no file of weights reaches.
  PickleValue* add(decltype(PickleValue::data) data);
  /// Names of the classes and functions that were not understood, in the order met, each once.
  const std::vector<std::string>& not_understood() const { return not_understood_; }
  /// A PickleObject.
  PickleValue* add_object(const std::string& type);
  /// A PickleStorage.
  PickleValue* add_storage(PickleStorage storage);
  /// Key of every storage to the size of its elements in bytes, as first named.
  const std::map<std::string, std::uint64_t>& storage_widths() const { return storage_widths_; }

 private:
  std::deque<PickleValue> values_;
  std::vector<std::string> not_understood_;
  std::map<std::string, std::uint64_t> storage_widths_;
};

}  // namespace samsr
