#pragma once
// The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace samsr {

/// Named tensors in order, and texts about them.
struct TensorFile {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::map<std::string, std::string> metadata;
};

/// All tensors of a file, on the CPU, in the order of their bytes. UserError, one line with the path, for a
/// file that is missing, cut short, not safetensors, or whose header contradicts its length.
TensorFile read_safetensors(const std::filesystem::path& path);

/// The same from a file's content; `name` stands for it in messages.
TensorFile parse_safetensors(std::string_view file, const std::string& name);

/// Metadata alone; reads no tensor. Errors as read_safetensors.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path);

/// Writes the file under a temporary name and renames it. Tensors keep their order, except that those of wider
/// types come first so that each is aligned to its own width. UserError when the disk does not take it, or
/// a tensor has complex numbers.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace samsr
