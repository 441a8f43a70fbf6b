#pragma once

#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// What the beginning of an array in NumPy's format (.npy, versions 1 to 3) says.
struct NpyHeader {
  at::ScalarType type;
  bool columns_first;  ///< Fortran's order
  std::vector<std::int64_t> shape;
  std::size_t size;  ///< bytes of the header; the numbers follow

  /// Bytes of the numbers. The shape of parse_npy_header() does not overflow.
  std::uint64_t data_bytes() const;
};

/// Reads it from the first bytes of an array. Of float32 ('<f4'), float64 ('<f8') and bytes ('|u1'); Python objects are
/// never read. UserError, without a file's name, for other numbers and what is no such header.
NpyHeader parse_npy_header(std::string_view bytes);

/// The header of an array of one of these types, as numpy.save writes it.
std::string npy_header_text(at::ScalarType type, const std::vector<std::int64_t>& shape);

}  // namespace samsr
