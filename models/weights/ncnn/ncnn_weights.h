#pragma once
// Weights of RRDBNet and SRVGGNetCompact as ncnn keeps them, which desktop programs of Real-ESRGAN come with.

#include <filesystem>
#include <string>
#include <string_view>

#include "models/weights/safetensors.h"

namespace samsr {

/// The tensors of an ncnn network (X.param and X.bin), float32, under the names of BasicSR; numbers may be stored in
/// float32 or float16. UserError in one line when a file is missing, damaged or hostile, the numbers are quantised, or
/// the layers are those of neither network.
TensorFile read_ncnn_weights(const std::filesystem::path& param, const std::filesystem::path& bin);

/// The same from the files' content; the names stand for them in messages.
TensorFile parse_ncnn_weights(std::string_view param, std::string_view bin, const std::string& param_name,
                              const std::string& bin_name);

}  // namespace samsr
