#pragma once

#include <filesystem>

#include "models/weights/safetensors.h"

namespace samsr {

/// Weights of a file of torch.save since PyTorch 1.6, or of torch.jit.save: a zip of data.pkl and data/N. Metadata
/// say what was taken: container, picked, prefix_removed, passed_over. UnreadableWeights.
TensorFile read_zip_weights(const std::filesystem::path& path);

/// Weights of a file of torch.save before PyTorch 1.6: five pickles, then the storages. Metadata and errors as
/// read_zip_weights().
TensorFile read_legacy_weights(const std::filesystem::path& path);

}  // namespace samsr
