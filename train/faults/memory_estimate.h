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

/// Memory that `ranks` ranks on this host could have together, MB: of the GPU of `device`, or of the host within the
/// limits of the process's control group. None where the system does not say.
std::optional<double> usable_memory_mb(c10::Device device, int ranks);

}  // namespace samsr
