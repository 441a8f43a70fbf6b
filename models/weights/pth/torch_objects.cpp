#include "models/weights/pth/torch_objects.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "models/weights/printable.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace {

struct TorchType {
  std::string_view storage;  ///< class of its typed storage; empty for types that have none
  std::string_view dtype;
  at::ScalarType type;
};

constexpr std::array<TorchType, 19> kTorchTypes = {
    {{"torch.FloatStorage", "torch.float32", at::kFloat},
     {"torch.HalfStorage", "torch.float16", at::kHalf},
     {"torch.BFloat16Storage", "torch.bfloat16", at::kBFloat16},
     {"torch.DoubleStorage", "torch.float64", at::kDouble},
     {"torch.LongStorage", "torch.int64", at::kLong},
     {"torch.IntStorage", "torch.int32", at::kInt},
     {"torch.ShortStorage", "torch.int16", at::kShort},
     {"torch.CharStorage", "torch.int8", at::kChar},
     {"torch.ByteStorage", "torch.uint8", at::kByte},
     {"torch.BoolStorage", "torch.bool", at::kBool},
     {"torch.ComplexFloatStorage", "torch.complex64", at::kComplexFloat},
     {"torch.ComplexDoubleStorage", "torch.complex128", at::kComplexDouble},
     {"", "torch.uint16", at::kUInt16},
     {"", "torch.uint32", at::kUInt32},
     {"", "torch.uint64", at::kUInt64},
     {"", "torch.float8_e4m3fn", at::kFloat8_e4m3fn},
     {"", "torch.float8_e5m2", at::kFloat8_e5m2},
     {"", "torch.float8_e4m3fnuz", at::kFloat8_e4m3fnuz},
     {"", "torch.float8_e5m2fnuz", at::kFloat8_e5m2fnuz}}};

/// Of a tensor of a derived class: (function, class, arguments, state).
constexpr std::string_view kRebuildFromType = "torch._tensor._rebuild_from_type_v2";

/// The limit of torch for tensors in memory is the same.
constexpr std::size_t kMostSizes = 64;

/// Arguments of a call, taken by position; anything out of place is an error that names the function.
class Arguments {
 public:
  Arguments(std::string name, const PickleList& list) : name_(std::move(name)), list_(list) {}

  std::size_t size() const { return list_.items.size(); }
  PickleValue* at(std::size_t index) const {
    if (index >= list_.items.size()) {
      fail();
    }
    return list_.items[index];
  }
  template <class Type>
  const Type& get(std::size_t index) const {
    const Type* value = at(index)->as<Type>();
    if (value == nullptr) {
      fail();
    }
    return *value;
  }
  std::int64_t count(std::size_t index) const {
    const auto value = get<std::int64_t>(index);
    if (value < 0) {
      fail();
    }
    return value;
  }
  std::vector<std::int64_t> counts(std::size_t index) const {
    const Arguments items(name_, get<PickleList>(index));
    std::vector<std::int64_t> values;
    for (std::size_t i = 0; i < items.size(); ++i) {
      values.push_back(items.count(i));
    }
    return values;
  }
  [[noreturn]] void fail() const {
    throw UnreadableWeights("its pickle gives {} arguments that it cannot have", name_);
  }

 private:
  const std::string name_;
  const PickleList& list_;
};

std::optional<at::ScalarType> type_of_dtype(std::string_view name) {
  for (const TorchType& each : kTorchTypes) {
    if (each.dtype == name) {
      return each.type;
    }
  }
  return std::nullopt;
}

/// (storage, offset, sizes, strides, …); `type`: of the elements, where the storage has bytes.
PickleValue* rebuild_tensor(PickleHeap& heap, const Arguments& arguments, std::optional<at::ScalarType> type) {
  PickleTensor tensor{arguments.get<PickleStorage>(0), at::kByte, arguments.count(1), arguments.counts(2),
                      arguments.counts(3)};
  tensor.type = type ? *type : tensor.storage.type.value_or(at::kByte);
  if (tensor.sizes.size() != tensor.strides.size() || tensor.sizes.size() > kMostSizes) {
    arguments.fail();
  }
  return heap.add(std::move(tensor));
}

/// Version 3 has a dtype of its own over a storage of bytes.
PickleValue* rebuild_tensor_v3(PickleHeap& heap, const Arguments& arguments) {
  const std::string& dtype = arguments.get<PickleGlobal>(6).name;
  const auto type = type_of_dtype(dtype);
  if (!type) {
    return heap.add_object(dtype);
  }
  return rebuild_tensor(heap, arguments, type);
}

/// A seventh argument says that the numbers are to be conjugated or negated, which the elements do not show.
PickleValue* rebuild_tensor_v2(PickleHeap& heap, const Arguments& arguments) {
  if (arguments.size() > 6) {
    const auto* metadata = arguments.at(6)->as<PickleDict>();
    if (metadata != nullptr && !metadata->items.empty()) {
      return heap.add_object("torch._utils._rebuild_tensor_v2 of a conjugated or negated view");
    }
  }
  return rebuild_tensor(heap, arguments, std::nullopt);
}

/// Of () or of one list of pairs.
PickleValue* ordered_dict(PickleHeap& heap, const Arguments& arguments) {
  PickleDict dict;
  if (arguments.size() > 0) {
    for (const PickleValue* pair : arguments.get<PickleList>(0).items) {
      const auto* entry = pair->as<PickleList>();
      if (entry == nullptr || entry->items.size() != 2) {
        arguments.fail();
      }
      dict.items.emplace_back(entry->items[0], entry->items[1]);
    }
  }
  return heap.add(std::move(dict));
}

PickleValue* list_of(PickleHeap& heap, const Arguments& arguments) {
  return heap.add(arguments.size() == 0 ? PickleList{} : arguments.get<PickleList>(0));
}

}  // namespace

PickleValue* call_global(PickleHeap& heap, const std::string& name, const PickleList& list) {
  const Arguments arguments(printable(name), list);
  if (name == "torch._utils._rebuild_tensor_v2") {
    return rebuild_tensor_v2(heap, arguments);
  }
  if (name == "torch._utils._rebuild_tensor") {
    return rebuild_tensor(heap, arguments, std::nullopt);
  }
  if (name == "torch._utils._rebuild_tensor_v3") {
    return rebuild_tensor_v3(heap, arguments);
  }
  if (name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state" ||
      name == "torch.jit._pickle.restore_type_tag" || name == "torch.jit._pickle.build_tensorlist" ||
      name == "torch.jit._pickle.build_intlist" || name == "torch.jit._pickle.build_doublelist" ||
      name == "torch.jit._pickle.build_boollist") {
    return arguments.at(0);
  }
  if (name == kRebuildFromType) {
    const std::string& function = arguments.get<PickleGlobal>(0).name;
    if (function == kRebuildFromType) {
      arguments.fail();
    }
    return call_global(heap, function, arguments.get<PickleList>(2));
  }
  if (name == "collections.OrderedDict") {
    return ordered_dict(heap, arguments);
  }
  if (name == "collections.defaultdict") {
    return heap.add(PickleDict{});
  }
  if (name == "torch.Size" || name == "builtins.set" || name == "builtins.frozenset" || name == "__builtin__.set" ||
      name == "__builtin__.frozenset") {
    return list_of(heap, arguments);
  }
  return heap.add_object(name);
}

PickleValue* persistent_object(PickleHeap& heap, const PickleValue& id) {
  const auto* list = id.as<PickleList>();
  if (list == nullptr) {
    throw UnreadableWeights("its pickle has a persistent id that is no tuple");
  }
  const Arguments arguments("a persistent id", *list);
  const auto& kind = arguments.get<std::string>(0);
  if (kind == "module") {
    return arguments.at(1);
  }
  if (kind != "storage") {
    throw UnreadableWeights("its pickle has a persistent id of the kind '{}'", printable(kind));
  }
  const std::string& type_name = arguments.get<PickleGlobal>(1).name;
  PickleStorage storage{arguments.get<std::string>(2), std::nullopt, 0, arguments.count(4)};
  for (const TorchType& each : kTorchTypes) {
    if (!each.storage.empty() && each.storage == type_name) {
      storage.type = each.type;
    }
  }
  if (!storage.type && type_name != "torch.storage.UntypedStorage" && type_name != "torch.UntypedStorage") {
    throw UnreadableWeights("its numbers are of the kind '{}', which is not read", printable(type_name));
  }
  if (arguments.size() > 5 && arguments.at(5)->as<PickleNothing>() == nullptr) {
    // Files before PyTorch 0.4: (key, offset, size) of a view of the storage.
    const Arguments view("a view of a storage", arguments.get<PickleList>(5));
    storage.begin = view.count(1);
    storage.count = view.count(2);
  }
  return heap.add_storage(std::move(storage));
}

}  // namespace samsr
