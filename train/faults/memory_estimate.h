#pragma once

#include <c10/core/Device.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// What a rank's step needs, in MB (10^6 bytes), by what needs it.
struct MemoryEstimate {
  std::vector<std::pair<std::string, double>> parts;

  void add(const std::string& name, double bytes);
  double total_mb() const;
  /// "weights 12, gradients 12, …: 340 MB"; parts under half a megabyte are left out.
  std::string text() const;
};

/// Bytes for `images` samples of what took `one` for one and `two` for two: part of it grows with the samples, part is
/// the same for all, such as weights cast to half precision.
double extrapolated(double one, double two, double images);

/// Memory that `ranks` ranks on this host could have together, MB: of the GPU of `device`, or of the host within the
/// limits of the process's control group. None where the system does not say.
std::optional<double> usable_memory_mb(c10::Device device, int ranks);

/// The most that this process's tensors have taken of a GPU at any time, MB; none on the CPU.
std::optional<double> peak_gpu_memory_mb(c10::Device device);

}  // namespace samsr
