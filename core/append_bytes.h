#pragma once

#include <string>
#include <type_traits>

namespace samsr {

/// Appends an object as it lies in memory.
template <class T>
void append_bytes(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace samsr
