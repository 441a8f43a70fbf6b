#pragma once
// Files of network weights in any of the forms they come in.

#include <filesystem>

#include "models/weights/safetensors.h"

namespace samsr {

enum class WeightFormat {
  kSafetensors,
  kZip,     ///< torch.save since PyTorch 1.6, and torch.jit.save
  kLegacy,  ///< torch.save before PyTorch 1.6
};

/// Whether the first bytes are those of one of these formats. UserError when the file cannot be read.
bool is_weights_file(const std::filesystem::path& path);

/// Told from the first bytes, whatever the file is called. UserError for files that are none of these; it names what
/// came in their place: a web page, a pointer of Git LFS, an empty file.
WeightFormat weight_format(const std::filesystem::path& path);

/// Named tensors of a file of any format, contiguous, on the CPU. Nothing in the file is executed. Of PyTorch's
/// files the state dict is found (find_state_dict() in weights/state_dict.h), and metadata say what was taken:
/// container, picked, prefix_removed, passed_over, objects_not_made; safetensors keep their own metadata.
/// UserError, one line with the path, for a file that is missing, cut short, damaged, hostile, or without tensors.
TensorFile read_weights(const std::filesystem::path& path);

}  // namespace samsr
