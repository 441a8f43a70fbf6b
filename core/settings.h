#pragma once
// Settings. Each is defined once - key, variable (its value is the default), help, range - and that
// definition drives reading, checking, printing and the reference page.

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/setting_value.h"
#include "core/yaml_text.h"

namespace samsr {

/// A registry of settings bound to variables, filled from YAML files and `key=value` overrides. Every
/// mistake is a UserError that names the place (file:line or the override), the key, what was found,
/// what was expected, and for an unknown key the nearest known one. Values are read by core/setting_value.h, YAML by
/// core/yaml_text.h.
class Settings {
 public:
  /// What is known of one setting, for help and the reference page.
  struct Entry {
    std::string key;                                ///< dotted: "train.lr"
    std::string help;                               ///< one line, with the unit where there is one
    std::string type;                               ///< "integer", "number", "text", "yes/no", "list of numbers", …
    std::string expected;                           ///< range or choices; empty when any value of the type will do
    std::string default_value;                      ///< as YAML
    std::string origin;                             ///< where the value was set last; empty for the default
    bool path = false;                              ///< a text that user_path() (core/user_path.h) is applied to
    bool list = false;                              ///< an override is read as YAML where it begins with [
    std::function<void(const YAML::Node&)> assign;  ///< throws BadValue
    std::function<YAML::Node()> current;
    std::vector<std::function<bool()>> checks;
  };

  /// Narrows a setting just added; calls chain.
  template <class T>
  class Handle {
   public:
    explicit Handle(Entry& entry, T& value) : entry_(entry), value_(value) {}
    /// low <= value <= high (each element of a list).
    template <class N>
    Handle& between(N low, N high);
    template <class N>
    Handle& at_least(N low);
    template <class N>
    Handle& at_most(N high);
    template <class N>
    Handle& above(N low);
    Handle& one_of(std::vector<std::string> choices);
    /// The text names a file or folder; what is given is taken as a shell would take it (core/user_path.h).
    Handle& path();
    /// Exact number of elements of a list.
    Handle& count(std::size_t elements);
    /// Any other condition, with its wording for messages ("a multiple of 8").
    Handle& satisfies(std::string wording, std::function<bool(const T&)> condition);

   private:
    Entry& entry_;
    T& value_;
  };

  /// Binds `key` to `value`, which must outlive the registry. T: bool, integer, double, std::string, or
  /// a std::vector of these.
  template <class T>
  Handle<T> add(std::string key, T& value, std::string help);
  /// Adds a setting of a type of its own: all but `default_value` and `origin` is the caller's.
  void add_entry(Entry entry);

  /// A top-level `base: other.yaml` (relative to the file) is read first and then overridden.
  void load_file(const std::filesystem::path& path);
  /// `name` stands for the file in messages.
  void load_text(const std::string& text, const std::string& name);
  /// As load_text, for what nothing has set yet: values that stand below everything set by name.
  void load_unset(const std::string& text, const std::string& name);
  /// "train.lr=1e-4". Texts are taken as they stand behind the first =, lists are read as YAML.
  void apply_override(const std::string& assignment);

  /// All current values as nested YAML, in the order of definition.
  std::string to_yaml() const;
  /// The current value of `key` by itself: a text or path as it is, all else as YAML. UserError, which names `place`,
  /// for an unknown key.
  std::string value(const std::string& key, const std::string& place) const;
  const std::vector<Entry>& entries() const { return entries_; }
  /// Where the value of `key` came from, for messages about combinations: "file.yaml:12", an override,
  /// or "default".
  std::string origin(const std::string& key) const;

 private:
  template <class T>
  static std::string type_name();
  enum class Reach { kAll, kUnset };
  void load_node(const YAML::Node& root, const std::string& name, Reach reach = Reach::kAll);
  void load_chain(const std::filesystem::path& path, std::vector<std::filesystem::path> including);
  void assign(const std::string& key, const YAML::Node& node, const std::string& place);
  Entry* find(const std::string& key);
  [[noreturn]] void refuse_unknown(const std::string& key, const std::string& place) const;
  bool is_section(const std::string& key) const;

  std::vector<Entry> entries_;
};

/// Every setting with its default, type, range and meaning: a table in Markdown.
std::string settings_table(const Settings& settings);

/// Settings in which two resolved configurations differ, as "key: before → after"; keys that only one of
/// them has count as "(none)". UserError naming `before`, where the first comes from, when that is not YAML.
std::vector<std::string> settings_differences(const std::string& before_yaml, const std::string& before,
                                              const std::string& after_yaml);

namespace settings_detail {
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T, class Condition>
bool each(const T& value, Condition condition) {
  if constexpr (IsVector<T>::value) {
    for (const auto& element : value) {
      if (!condition(element)) {
        return false;
      }
    }
    return true;
  } else {
    return condition(value);
  }
}

/// The value as YAML that reads back equal; numbers in their shortest form (0.1, not 0.10000000000000001).
template <class T>
YAML::Node to_node(const T& value) {
  if constexpr (IsVector<T>::value) {
    YAML::Node node(YAML::NodeType::Sequence);
    for (const auto& element : value) {
      node.push_back(to_node(element));
    }
    return node;
  } else if constexpr (std::is_floating_point_v<T>) {
    return YAML::Node(fmt::format("{}", value));
  } else {
    return YAML::Node(value);
  }
}
}  // namespace settings_detail

template <class T>
std::string Settings::type_name() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    return "an integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else {
    static_assert(settings_detail::IsVector<T>::value, "unsupported type of setting");
    using Element = typename T::value_type;
    return std::is_integral_v<Element>         ? "a list of integers"
           : std::is_floating_point_v<Element> ? "a list of numbers"
                                               : "a list of texts";
  }
}

template <class T>
Settings::Handle<T> Settings::add(std::string key, T& value, std::string help) {
  Entry entry;
  entry.key = std::move(key);
  entry.help = std::move(help);
  entry.type = type_name<T>();
  entry.assign = [&value](const YAML::Node& node) { read_value(node, value); };
  entry.current = [&value] {
    YAML::Node node = settings_detail::to_node(value);
    if (node.IsSequence()) {
      node.SetStyle(YAML::EmitterStyle::Flow);
    }
    return node;
  };
  add_entry(std::move(entry));
  return Handle<T>(entries_.back(), value);
}

template <class T>
Settings::Handle<T>& Settings::Handle<T>::satisfies(std::string wording, std::function<bool(const T&)> condition) {
  entry_.expected += (entry_.expected.empty() ? "" : ", ") + std::move(wording);
  entry_.checks.push_back([value = &value_, condition = std::move(condition)] { return condition(*value); });
  return *this;
}

template <class T>
template <class N>
Settings::Handle<T>& Settings::Handle<T>::between(N low, N high) {
  return satisfies(fmt::format("{} to {}", low, high), [low, high](const T& value) {
    return settings_detail::each(value, [&](const auto& v) { return v >= low && v <= high; });
  });
}

template <class T>
template <class N>
Settings::Handle<T>& Settings::Handle<T>::at_least(N low) {
  return satisfies(fmt::format("at least {}", low), [low](const T& value) {
    return settings_detail::each(value, [&](const auto& v) { return v >= low; });
  });
}

template <class T>
template <class N>
Settings::Handle<T>& Settings::Handle<T>::at_most(N high) {
  return satisfies(fmt::format("at most {}", high), [high](const T& value) {
    return settings_detail::each(value, [&](const auto& v) { return v <= high; });
  });
}

template <class T>
template <class N>
Settings::Handle<T>& Settings::Handle<T>::above(N low) {
  return satisfies(fmt::format("above {}", low), [low](const T& value) {
    return settings_detail::each(value, [&](const auto& v) { return v > low; });
  });
}

template <class T>
Settings::Handle<T>& Settings::Handle<T>::one_of(std::vector<std::string> choices) {
  std::string wording;
  for (const std::string& choice : choices) {
    wording += (wording.empty() ? "" : " | ") + choice;
  }
  return satisfies(std::move(wording), [choices = std::move(choices)](const T& value) {
    return settings_detail::each(value, [&](const auto& v) {
      for (const std::string& choice : choices) {
        if (v == choice) {
          return true;
        }
      }
      return false;
    });
  });
}

template <class T>
Settings::Handle<T>& Settings::Handle<T>::path() {
  static_assert(std::is_same_v<T, std::string>);
  entry_.type = "path";
  entry_.path = true;
  return *this;
}

template <class T>
Settings::Handle<T>& Settings::Handle<T>::count(std::size_t elements) {
  return satisfies(fmt::format("{} elements", elements),
                   [elements](const T& value) { return value.size() == elements; });
}

}  // namespace samsr
