#include "eval/metrics/fid/set_statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "eval/metrics/fid/frechet.h"
#include "eval/metrics/fid/npz_file.h"

namespace samsr {
namespace {

constexpr double kLargest = 1e30;    // so that no product of two overflows
constexpr double kAsymmetry = 1e-5;  // of the largest number: rounding of float32

/// The array called `name`, of `dimensions`, as finite numbers in double precision.
at::Tensor finite_array(const NamedArrays& arrays, const std::string& name, std::int64_t dimensions,
                        const std::string& file) {
  const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& each) { return each.first == name; });
  if (found == arrays.end()) {
    throw UserError("{}: it has no array '{}'; statistics of a set are 'mu' and 'sigma'", file, name);
  }
  const at::Tensor& array = found->second;
  if (array.dim() != dimensions || !array.is_floating_point() || array.numel() == 0) {
    throw UserError("{}: '{}' has {} dimensions, expected {} of floating-point numbers", file, name, array.dim(),
                    dimensions);
  }
  const at::Tensor numbers = array.to(at::kDouble);
  if (!(numbers.abs() <= kLargest).all().item<bool>()) {
    throw UserError("{}: '{}' holds numbers that are not finite, or beyond {}", file, name, kLargest);
  }
  return numbers;
}

std::string text_of(const at::Tensor& bytes) {
  const at::Tensor plain = bytes.contiguous();
  return {static_cast<const char*>(plain.const_data_ptr()), static_cast<std::size_t>(plain.nbytes())};
}

}  // namespace

SetStatistics read_statistics(const std::filesystem::path& path) {
  const NamedArrays arrays = read_npz(path, {"mu", "sigma", "protocol"});
  const std::string file = path.string();
  const at::Tensor mean = finite_array(arrays, "mu", 1, file);
  const at::Tensor covariance = finite_array(arrays, "sigma", 2, file);
  if (covariance.size(0) != mean.size(0) || covariance.size(1) != mean.size(0)) {
    throw UserError("{}: 'sigma' is {}x{}, expected {} numbers each way as 'mu' has", file, covariance.size(0),
                    covariance.size(1), mean.size(0));
  }
  const double apart = (covariance - covariance.t()).abs().max().item<double>();
  if (apart > kAsymmetry * covariance.abs().max().item<double>()) {
    throw UserError("{}: 'sigma' is not symmetric, so it is no covariance", file);
  }
  const bool told = arrays.back().first == "protocol" && arrays.back().second.scalar_type() == at::kByte;
  return {mean, (covariance + covariance.t()) / 2, told ? text_of(arrays.back().second) : std::string()};
}

void write_statistics(const at::Tensor& features, const std::string& protocol, const std::filesystem::path& path) {
  at::Tensor text = at::empty({static_cast<std::int64_t>(protocol.size())}, at::kByte);
  std::memcpy(text.mutable_data_ptr(), protocol.data(), protocol.size());
  write_npz({{"mu", features.to(at::kDouble).mean(0)}, {"sigma", covariance_of(features)}, {"protocol", text}}, path);
}

}  // namespace samsr
