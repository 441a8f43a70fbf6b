#include "models/weights/pth/state_dict.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "models/weights/printable.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace {

/// Averages come first: they are what is published, and what a training file has beside the weights of its last step.
constexpr std::array<std::string_view, 11> kStateKeys = {
    "params_ema", "ema",    "model_ema",        "state_dict_ema", "ema_state_dict", "ema_model",
    "state_dict", "params", "model_state_dict", "model",          "weights"};
/// What torch.optim.swa_utils.AveragedModel keeps beside the weights: of how many they are the mean.
constexpr std::string_view kAveragedCount = "n_averaged";
constexpr std::array<std::string_view, 2> kWrappers = {"module.", "_orig_mod."};
/// Objects that hold settings and figures; training scripts put them beside the weights.
constexpr std::array<std::string_view, 13> kPlainObjects = {
    "argparse.", "numpy.",  "_codecs.", "collections.",    "datetime.",    "pathlib.", "omegaconf.",
    "easydict.", "addict.", "yacs.",    "ml_collections.", "torch.device", "typing."};

constexpr int kDeepest = 64;
constexpr std::size_t kMostVisits = 2'000'000;
constexpr std::size_t kMostTensors = 200'000;
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kMostPassedOver = 20;

bool starts_with_any(const std::string& text, const auto& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view each) { return text.starts_with(each); });
}

void pass_over(const std::string& name, StateDict& state) {
  if (state.passed_over.size() < kMostPassedOver) {
    state.passed_over.push_back(printable(name));
  }
}

const PickleValue* find(const PickleDict& dict, std::string_view key) {
  const PickleValue* found = nullptr;
  for (const auto& [name, value] : dict.items) {
    const auto* text = name->as<std::string>();
    found = text != nullptr && *text == key ? value : found;
  }
  return found;
}

/// Attributes of an object that is a module: of TorchScript, or a pickled nn.Module.
const PickleDict* attributes(const PickleObject& object) {
  const auto* dict = object.state == nullptr ? nullptr : object.state->as<PickleDict>();
  const bool module =
      dict != nullptr && (object.type.starts_with("__torch__.") || find(*dict, "_parameters") != nullptr);
  return module ? dict : nullptr;
}

class Collector {
 public:
  explicit Collector(StateDict& state) : state_(state) {}

  void visit(const std::string& name, const PickleValue& value, int depth) {
    if (depth > kDeepest || ++visits_ > kMostVisits || name.size() > kLongestName) {
      throw UnreadableWeights("its parts are nested too deep near '{}'", printable(name));
    }
    if (const auto* tensor = value.as<PickleTensor>()) {
      keep(name, tensor);
    } else if (const auto* dict = value.as<PickleDict>()) {
      visit_dict(name, *dict, depth);
    } else if (const auto* list = value.as<PickleList>()) {
      for (std::size_t i = 0; i < list->items.size(); ++i) {
        visit(joined(name, std::to_string(i)), *list->items[i], depth + 1);
      }
    } else if (const auto* object = value.as<PickleObject>()) {
      visit_object(name, *object, depth);
    }
  }

 private:
  static std::string joined(const std::string& name, const std::string& part) {
    return name.empty() ? part : name + "." + part;
  }

  void keep(const std::string& name, const PickleTensor* tensor) {
    if (!is_utf8(name)) {
      throw UnreadableWeights("the name of its tensor '{}' is not UTF-8", printable(name));
    }
    if (state_.tensors.size() == kMostTensors) {
      throw UnreadableWeights("it has more than {} tensors", kMostTensors);
    }
    const std::string shown = name.empty() ? "tensor" : name;
    const auto [place, fresh] = places_.emplace(shown, state_.tensors.size());
    if (fresh) {
      state_.tensors.emplace_back(shown, tensor);
    } else {
      state_.tensors[place->second].second = tensor;
    }
  }
  void visit_dict(const std::string& name, const PickleDict& dict, int depth) {
    for (const auto& [key, value] : dict.items) {
      if (const auto* text = key->as<std::string>()) {
        visit(joined(name, *text), *value, depth + 1);
      } else if (const auto* number = key->as<std::int64_t>()) {
        visit(joined(name, std::to_string(*number)), *value, depth + 1);
      }
    }
  }
  void visit_object(const std::string& name, const PickleObject& object, int depth) {
    if (const PickleDict* module = attributes(object)) {
      if (object.type.starts_with("__torch__.")) {
        return visit_dict(name, *module, depth);
      }
      for (const std::string_view part : {"_parameters", "_buffers", "_modules"}) {
        if (const PickleValue* children = find(*module, part)) {
          visit(name, *children, depth + 1);
        }
      }
    } else if (starts_with_any(object.type, kPlainObjects)) {
      pass_over(name, state_);
    } else {
      throw UnreadableWeights("{} is made by '{}', which is no tensor and was not called",
                              name.empty() ? "its content" : fmt::format("its entry '{}'", printable(name)),
                              printable(object.type));
    }
  }

  StateDict& state_;
  std::unordered_map<std::string, std::size_t> places_;
  std::size_t visits_ = 0;
};

/// Whether there is a tensor in it; of `arrays`, one that is more than a single number, such as a decay.
bool holds_tensors(const PickleValue& value, bool arrays, int depth, std::size_t& visits) {
  if (depth > kDeepest || ++visits > kMostVisits) {
    return false;
  }
  if (const auto* tensor = value.as<PickleTensor>()) {
    return !arrays || !tensor->sizes.empty();
  }
  const auto holds = [&](const PickleValue* part) {
    return part != nullptr && holds_tensors(*part, arrays, depth + 1, visits);
  };
  if (const auto* dict = value.as<PickleDict>()) {
    return std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) { return holds(item.second); });
  }
  if (const auto* list = value.as<PickleList>()) {
    return std::any_of(list->items.begin(), list->items.end(), holds);
  }
  const auto* object = value.as<PickleObject>();
  return object != nullptr && attributes(*object) != nullptr && holds(object->state);
}

/// The first of the known keys under which `dict` holds a dict or a module with tensors; empty when there is none.
std::string_view state_key_of(const PickleDict& dict) {
  for (const bool arrays : {true, false}) {
    for (const std::string_view key : kStateKeys) {
      const PickleValue* part = find(dict, key);
      const auto* object = part == nullptr ? nullptr : part->as<PickleObject>();
      const bool parted = part != nullptr &&
                          (part->as<PickleDict>() != nullptr || (object != nullptr && attributes(*object) != nullptr));
      std::size_t visits = 0;
      if (parted && holds_tensors(*part, arrays, 0, visits)) {
        return key;
      }
    }
  }
  return {};
}

/// The part of `root` under the key that state_key_of() finds; null when there is none.
const PickleValue* state_under_key(const PickleValue& root, StateDict& state) {
  const auto* dict = root.as<PickleDict>();
  const std::string_view key = dict == nullptr ? std::string_view() : state_key_of(*dict);
  if (key.empty()) {
    return nullptr;
  }
  state.picked += state.picked.empty() ? "" : ".";
  state.picked += key;
  for (const auto& [other, value] : dict->items) {
    const auto* text = other->as<std::string>();
    if (text != nullptr && *text != key) {
      pass_over(*text, state);
    }
  }
  return find(*dict, key);
}

/// Leaves out AveragedModel's count where it stands beside the weights that it wraps.
void remove_averaged_count(StateDict& state) {
  const auto is_count = [](const auto& each) { return each.first == kAveragedCount; };
  const bool averaged =
      state.tensors.size() > 1 && std::count_if(state.tensors.begin(), state.tensors.end(), is_count) == 1 &&
      std::all_of(state.tensors.begin(), state.tensors.end(),
                  [&](const auto& each) { return is_count(each) || each.first.starts_with(kWrappers.front()); });
  if (averaged) {
    std::erase_if(state.tensors, is_count);
    pass_over(std::string(kAveragedCount), state);
  }
}

void remove_wrappers(StateDict& state) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view wrapper : kWrappers) {
      const bool shared = std::all_of(state.tensors.begin(), state.tensors.end(), [&](const auto& each) {
        return each.first.size() > wrapper.size() && each.first.starts_with(wrapper);
      });
      if (shared) {
        for (auto& [name, tensor] : state.tensors) {
          name.erase(0, wrapper.size());
        }
        state.prefix += wrapper;
        again = true;
      }
    }
  }
}

}  // namespace

StateDict find_state_dict(const PickleValue& root) {
  StateDict state;
  const PickleValue* chosen = &root;
  for (int depth = 0; depth < kDeepest; ++depth) {
    const PickleValue* inner = state_under_key(*chosen, state);
    if (inner == nullptr) {
      break;
    }
    chosen = inner;
  }
  Collector(state).visit("", *chosen, 0);
  if (state.tensors.empty()) {
    throw UnreadableWeights("it holds no tensors{}",
                            state.picked.empty() ? "" : fmt::format(" under '{}'", state.picked));
  }
  remove_averaged_count(state);
  remove_wrappers(state);
  return state;
}

}  // namespace samsr
