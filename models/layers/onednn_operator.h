#pragma once
// Operators of LibTorch that call oneDNN and have no C++ function of their own.

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

namespace samsr {

/// The operator `name` ("mkldnn::…") with `overload`; nothing in builds of LibTorch without oneDNN.
template <class Signature>
std::optional<c10::TypedOperatorHandle<Signature>> onednn_operator(const char* name, const char* overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!found) {
    return {};
  }
  return found->typed<Signature>();
}

/// oneDNN's arguments for operations behind a product that take no numbers.
inline c10::List<std::optional<at::Scalar>> no_scalars() { return c10::List<std::optional<at::Scalar>>(); }

}  // namespace samsr
