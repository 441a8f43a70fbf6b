#include "core/kernels.h"

#include <ATen/ATen.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace samsr {
namespace {

bool plain_wanted() {
  const char* const set = std::getenv("SAMSR_PLAIN");
  return set != nullptr && std::string_view(set) == "1";
}

/// ATen's own choices of kernels belong to the process too.
std::atomic<bool>& own_wanted() {
  static std::atomic<bool> wanted = !plain_wanted();
  return wanted;
}

}  // namespace

bool own_kernels() { return own_wanted().load(std::memory_order_relaxed); }

void leave_own_kernels() { own_wanted().store(false, std::memory_order_relaxed); }

bool carries_tangent(const at::Tensor& x) { return x._fw_grad(/*level=*/0).defined(); }

bool cpu_kernels(const at::Tensor& x) { return own_kernels() && x.is_cpu() && !carries_tangent(x); }

void choose_attention_kernels() { at::globalContext().setSDPUseCuDNN(false); }

}  // namespace samsr
