#include "core/lru_cache.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace samsr {
namespace {

/// A cache of texts, of which it notes which ones had to be made.
class Texts {
 public:
  template <class... Arguments>
  explicit Texts(Arguments... arguments) : cache_(arguments...) {}

  std::string get(const std::string& key) {
    return cache_.get(key, [&] {
      made.push_back(key);
      return "text " + key;
    });
  }

  std::vector<std::string> made;

 private:
  LruCache<std::string> cache_;
};

TEST(LruCache, KeepsThoseUsedLast) {
  Texts texts(2);
  for (const char* key : {"a", "b", "a", "c", "a", "b"}) {
    EXPECT_EQ(texts.get(key), std::string("text ") + key);
  }
  EXPECT_EQ(texts.made, (std::vector<std::string>{"a", "b", "c", "b"}));
}

TEST(LruCache, CountsWhatValuesCost) {
  // "text a" costs 6 and "text cccc" 9.
  Texts texts(16, [](const std::string& text) { return text.size(); });
  for (const char* key : {"a", "b", "cccc", "b", "a"}) {
    texts.get(key);
  }
  EXPECT_EQ(texts.made, (std::vector<std::string>{"a", "b", "cccc", "a"}));
}

TEST(LruCache, KeepsTheLastOneWhateverItCosts) {
  Texts texts(0);
  for (const char* key : {"a", "a", "b", "a"}) {
    EXPECT_EQ(texts.get(key), std::string("text ") + key);
  }
  EXPECT_EQ(texts.made, (std::vector<std::string>{"a", "b", "a"}));
}

TEST(LruCache, WhatCannotBeMadeIsNotKept) {
  LruCache<int> cache(2);
  const auto fail = []() -> int { throw std::runtime_error("no"); };
  EXPECT_THROW(cache.get("a", fail), std::runtime_error);
  EXPECT_EQ(cache.get("a", [] { return 7; }), 7);
}

}  // namespace
}  // namespace samsr
