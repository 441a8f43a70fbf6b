#pragma once

#include <filesystem>
#include <string>

#include "core/log.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// What a conversion changes.
struct Conversion {
  bool half = false;     ///< numbers of floating point become half precision
  bool compact = false;  ///< tensors that follow from the settings are left out
};

/// Tensors, and what they are called in messages.
struct NamedWeightsFile {
  TensorFile file;
  std::string source;
};

/// The tensors of `in`, for a file `out` that is made of them. UserErrors as for convert_weights().
NamedWeightsFile read_named_weights(const std::string& in, const std::filesystem::path& out, Log& log);

/// Writes them, and says so. UserErrors as for convert_weights().
void write_converted(NamedWeightsFile weights, const std::filesystem::path& out, const Conversion& how, Log& log);

/// Writes the tensors of `in` as safetensors. `in`: as for find_weights(), or kEmbeddedModel; `out` ends in
/// .safetensors. UserError also for a number that is not finite, or that half precision cannot hold, and
/// when `out` is the file that is read, or one of a checkpoint.
void convert_weights(const std::string& in, const std::filesystem::path& out, const Conversion& how, Log& log);

/// The same from ncnn's two files of an RRDBNet or SRVGGNetCompact (models/weights/ncnn/ncnn_weights.h), under the
/// names of BasicSR.
void convert_ncnn_weights(const std::filesystem::path& param, const std::filesystem::path& bin,
                          const std::filesystem::path& out, const Conversion& how, Log& log);

}  // namespace samsr
