#include "core/kernels.h"

#include <ATen/ATen.h>

#include <cstdlib>
#include <string_view>

namespace samsr {
namespace {

bool plain_wanted() {
  const char* const set = std::getenv("SAMSR_PLAIN");
  return set != nullptr && std::string_view(set) == "1";
}

}  // namespace

bool own_kernels() {
  static const bool plain = plain_wanted();
  return !plain;
}

bool carries_tangent(const at::Tensor& x) { return x._fw_grad(/*level=*/0).defined(); }

bool cpu_kernels(const at::Tensor& x) { return own_kernels() && x.is_cpu() && !carries_tangent(x); }

void choose_attention_kernels() { at::globalContext().setSDPUseCuDNN(false); }

}  // namespace samsr
