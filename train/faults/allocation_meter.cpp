#include "train/faults/allocation_meter.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>

namespace samsr {
namespace {

/// The allocators tell the profiler of every change; here that is the profiler.
class AllocationMeter final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t change, std::size_t, std::size_t, c10::Device) override {
    bytes_.held += static_cast<double>(change);
    bytes_.peak = std::max(bytes_.peak, bytes_.held);
  }
  bool memoryProfilingEnabled() const override { return true; }

  AllocatedBytes bytes() const { return bytes_; }

 private:
  AllocatedBytes bytes_;
};

}  // namespace

AllocatedBytes allocated_by(const std::function<at::Tensor()>& forward) {
  const auto meter = std::make_shared<AllocationMeter>();
  at::Tensor result;
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
    result = forward();
  }
  return meter->bytes();
}

}  // namespace samsr
