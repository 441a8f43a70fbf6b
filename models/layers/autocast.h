#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace samsr {

/// While it lives, operations on `device` that allow it run in bf16 (ATen's autocast lists). Restores the
/// earlier state and drops the cache of cast weights when it ends.
class Autocast {
 public:
  Autocast(c10::Device device, bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType type_;
  bool before_enabled_;
  c10::ScalarType before_dtype_;
};

}  // namespace samsr
