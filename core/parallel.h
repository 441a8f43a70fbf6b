#pragma once

#include <cstdint>
#include <functional>

namespace samsr {

/// work(0) … work(count - 1), each on one core, the threads of LibTorch sharing them; what the library computes
/// inside stays on that core.
void in_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work);

/// While it lives, what LibTorch computes on the calling thread stays on that core. For threads that work beside the
/// training, whose cores they would take otherwise.
class OneCore {
 public:
  OneCore();
  ~OneCore();
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  const int before_;
};

}  // namespace samsr
