#include "models/weights/pth/unpickler.h"

#include <bit>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/weights/pth/torch_objects.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace {

/// Bounds time and the growth of lists out of few bytes. torch.save writes some twenty a tensor.
constexpr std::size_t kMostInstructions = 16'000'000;

/// Instructions by the names of Python's pickletools.
enum Instruction : unsigned char {
  kMark = '(',
  kEmptyTuple = ')',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

class Machine {
 public:
  Machine(std::string_view bytes, PickleHeap& heap) : bytes_(bytes), heap_(heap) {}

  Unpickled run() {
    for (std::size_t count = 0; count < kMostInstructions; ++count) {
      const auto instruction = static_cast<unsigned char>(take(1).front());
      if (instruction == kStop) {
        PickleValue* root = pop();
        return {root, at_};
      }
      execute(instruction);
    }
    throw UnreadableWeights("its pickle has more than {} instructions", kMostInstructions);
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      throw UnreadableWeights("its pickle is cut short");
    }
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  /// Unsigned little-endian number of that many bytes.
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view digits = take(size);
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(digits[i])) << (8 * i);
    }
    return value;
  }
  std::string text(std::size_t length_size) { return std::string(take(number(length_size))); }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) {
      throw UnreadableWeights("its pickle is cut short");
    }
    const std::string_view taken = take(end - at_);
    take(1);
    return std::string(taken);
  }

  void push(PickleValue* value) { stack_.push_back(value); }
  void make(decltype(PickleValue::data) data) { push(heap_.add(std::move(data))); }
  /// Values above the last mark belong to what is being built.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* top() const {
    if (stack_.size() <= floor()) {
      throw UnreadableWeights("its pickle takes a value where there is none");
    }
    return stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = top();
    stack_.pop_back();
    return value;
  }
  /// The values above the last mark; removes both.
  std::vector<PickleValue*> pop_to_mark() {
    if (marks_.empty()) {
      throw UnreadableWeights("its pickle lacks a mark");
    }
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue*> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  void make_tuple(std::size_t size) {
    PickleList tuple{std::vector<PickleValue*>(size)};
    for (std::size_t i = size; i-- > 0;) {
      tuple.items[i] = pop();
    }
    make(std::move(tuple));
  }

  void append(const std::vector<PickleValue*>& items) {
    PickleValue* target = top();
    if (auto* list = target->as<PickleList>()) {
      list->items.insert(list->items.end(), items.begin(), items.end());
    } else if (target->as<PickleObject>() == nullptr) {
      throw UnreadableWeights("its pickle appends to what is no list");
    }
  }
  void set_items(const std::vector<PickleValue*>& items) {
    PickleValue* target = top();
    auto* dict = target->as<PickleDict>();
    if (items.size() % 2 != 0 || (dict == nullptr && target->as<PickleObject>() == nullptr)) {
      throw UnreadableWeights("its pickle sets entries of what is no dict");
    }
    for (std::size_t i = 0; dict != nullptr && i < items.size(); i += 2) {
      dict->items.emplace_back(items[i], items[i + 1]);
    }
  }

  void remember(std::uint64_t index) { memo_[index] = top(); }
  void recall(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) {
      throw UnreadableWeights("its pickle refers to a value that it does not have");
    }
    push(found->second);
  }

  void make_integer(std::uint64_t size) {
    const std::string_view digits = take(size);
    if (size > 8) {
      make(PickleNothing{});
      return;
    }
    // Two's complement of `size` bytes, sign-extended.
    std::uint64_t value = size > 0 && (digits.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = size; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(digits[i]);
    }
    make(static_cast<std::int64_t>(value));
  }
  void make_float() {
    std::uint64_t bits = 0;
    for (const char byte : take(8)) {
      bits = bits << 8 | static_cast<unsigned char>(byte);
    }
    make(std::bit_cast<double>(bits));
  }

  const std::string& pop_text() {
    const auto* value = pop()->as<std::string>();
    if (value == nullptr) {
      throw UnreadableWeights("its pickle names a class by what is no text");
    }
    return *value;
  }
  void make_global() {
    const std::string module = line();
    make(PickleGlobal{module + "." + line()});
  }
  void make_global_from_stack() {
    const std::string& name = pop_text();
    const std::string& module = pop_text();
    make(PickleGlobal{module + "." + name});
  }

  void reduce() {
    PickleValue* arguments = pop();
    PickleValue* callable = pop();
    const auto* list = arguments->as<PickleList>();
    if (list == nullptr) {
      throw UnreadableWeights("its pickle calls a function without a tuple of arguments");
    }
    push(made_by(callable, *list));
  }
  PickleValue* made_by(const PickleValue* callable, const PickleList& arguments) {
    if (const auto* global = callable->as<PickleGlobal>()) {
      return call_global(heap_, global->name, arguments);
    }
    if (const auto* object = callable->as<PickleObject>()) {
      return heap_.add_object(object->type);
    }
    throw UnreadableWeights("its pickle calls what is no function");
  }
  void build() {
    PickleValue* state = pop();
    if (auto* object = top()->as<PickleObject>()) {
      object->state = state;
    }
  }

  void execute(unsigned char instruction) {
    switch (instruction) {
      case kProto:
        return check_protocol();
      case kFrame:
        take(8);
        return;
      case kMark:
        marks_.push_back(stack_.size());
        return;
      case kPop:
        pop();
        return;
      case kPopMark:
        pop_to_mark();
        return;
      case kDup:
        return push(top());

      case kNone:
        return make(PickleNothing{});
      case kNewTrue:
        return make(true);
      case kNewFalse:
        return make(false);
      case kBinInt:
        return make(static_cast<std::int64_t>(static_cast<std::int32_t>(number(4))));
      case kBinInt1:
        return make(static_cast<std::int64_t>(number(1)));
      case kBinInt2:
        return make(static_cast<std::int64_t>(number(2)));
      case kLong1:
        return make_integer(number(1));
      case kLong4:
        return make_integer(number(4));
      case kBinFloat:
        return make_float();

      case kShortBinString:
      case kShortBinUnicode:
      case kShortBinBytes:
        return make(text(1));
      case kBinString:
      case kBinUnicode:
      case kBinBytes:
        return make(text(4));
      case kBinUnicode8:
      case kBinBytes8:
      case kByteArray8:
        return make(text(8));

      case kEmptyTuple:
      case kEmptyList:
      case kEmptySet:
        return make(PickleList{});
      case kTuple1:
        return make_tuple(1);
      case kTuple2:
        return make_tuple(2);
      case kTuple3:
        return make_tuple(3);
      case kTuple:
      case kFrozenSet:
        return make(PickleList{pop_to_mark()});
      case kAppend: {
        PickleValue* item = pop();
        return append({item});
      }
      case kAppends:
      case kAddItems:
        return append(pop_to_mark());
      case kEmptyDict:
        return make(PickleDict{});
      case kSetItem: {
        PickleValue* value = pop();
        PickleValue* key = pop();
        return set_items({key, value});
      }
      case kSetItems:
        return set_items(pop_to_mark());

      case kBinGet:
        return recall(number(1));
      case kLongBinGet:
        return recall(number(4));
      case kBinPut:
        return remember(number(1));
      case kLongBinPut:
        return remember(number(4));
      case kMemoize:
        return remember(memo_.size());

      case kGlobal:
        return make_global();
      case kStackGlobal:
        return make_global_from_stack();
      case kBinPersId:
        return push(persistent_object(heap_, *pop()));
      case kNewObjEx:
        pop();
        [[fallthrough]];
      case kNewObj:
      case kReduce:
        return reduce();
      case kBuild:
        return build();
      default:
        throw UnreadableWeights("its pickle has the instruction 0x{:02x}, which files of weights do not use",
                                static_cast<unsigned>(instruction));
    }
  }

  void check_protocol() {
    const std::uint64_t protocol = number(1);
    if (protocol < 2 || protocol > 5) {
      throw UnreadableWeights("its pickle has protocol {}, expected 2 to 5", protocol);
    }
  }

  std::string_view bytes_;
  PickleHeap& heap_;
  std::size_t at_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

}  // namespace

Unpickled unpickle(std::string_view bytes, PickleHeap& heap) { return Machine(bytes, heap).run(); }

}  // namespace samsr
