#pragma once
// What a device itself gives: the rates that the share of a training step is taken of.

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace samsr::bench {

struct Ceiling {
  std::string what;
  double rate;
  std::string unit;  ///< "TFLOP/s" or "TB/s", bytes read plus bytes written
};

/// A bf16 matrix product, a copy, and the convolution that the network does most of its work in. On random numbers:
/// zeros are quicker.
std::vector<Ceiling> ceilings_of(c10::Device device);

}  // namespace samsr::bench
