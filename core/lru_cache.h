#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace samsr {

/// Values that are costly to get, by name: those used last, within a bound on what they cost together. For one thread.
template <class Value>
class LruCache {
 public:
  /// `cost` of one value, in the unit of `capacity` (bytes); every value costs 1 where none is given.
  explicit LruCache(
      std::size_t capacity, std::function<std::size_t(const Value&)> cost = [](const Value&) { return 1; })
      : capacity_(capacity), cost_(std::move(cost)) {}
  LruCache(const LruCache&) = delete;
  LruCache& operator=(const LruCache&) = delete;

  /// The value of `key`, from make() where it is not here. Those not used for longest then leave until the bound is
  /// kept, but never this one. The reference holds until the next call. What make() throws passes through.
  template <class Make>
  const Value& get(const std::string& key, Make make) {
    if (const auto known = found_.find(key); known != found_.end()) {
      recent_.splice(recent_.begin(), recent_, known->second);
      return recent_.front().second;
    }
    recent_.emplace_front(key, make());
    found_[key] = recent_.begin();
    used_ += cost_(recent_.front().second);
    while (used_ > capacity_ && recent_.size() > 1) {
      used_ -= cost_(recent_.back().second);
      found_.erase(recent_.back().first);
      recent_.pop_back();
    }
    return recent_.front().second;
  }

 private:
  using Entry = std::pair<std::string, Value>;

  const std::size_t capacity_;
  const std::function<std::size_t(const Value&)> cost_;
  std::size_t used_ = 0;
  std::list<Entry> recent_;  ///< the last used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> found_;
};

}  // namespace samsr
