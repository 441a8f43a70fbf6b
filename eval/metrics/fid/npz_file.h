#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// Arrays by name, as numpy.savez keeps them: float32, float64 or bytes, on the CPU, contiguous.
using NamedArrays = std::vector<std::pair<std::string, at::Tensor>>;

/// Those of `names` that the .npz file holds, in that order; what else it holds is not looked at. Nothing in the file
/// is executed: Python objects are refused. UserError naming the file and the array when it is damaged, cut short, or
/// of other numbers.
NamedArrays read_npz(const std::filesystem::path& path, const std::vector<std::string>& names);

/// Writes a .npz file, complete or not at all; the same arrays give the same bytes.
void write_npz(const NamedArrays& arrays, const std::filesystem::path& path);

}  // namespace samsr
