#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace samsr {

/// What a Fréchet distance needs to know of a set; float64, on the CPU, no number beyond 1e30.
struct SetStatistics {
  at::Tensor mean;         ///< (D)
  at::Tensor covariance;   ///< (D,D), symmetric
  std::string protocol{};  ///< how the features were made, where the file says it: files of samsr do
};

/// Statistics as pytorch-fid and clean-fid keep them: a .npz with `mu` (D) and `sigma` (D,D), float32 or float64; of
/// samsr also `protocol`, bytes of text. UserError naming the file and what is wrong with it.
SetStatistics read_statistics(const std::filesystem::path& path);

/// Writes the mean and the unbiased covariance of features (N,D), N >= 2, in that form.
void write_statistics(const at::Tensor& features, const std::string& protocol, const std::filesystem::path& path);

}  // namespace samsr
