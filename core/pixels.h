#pragma once
// Pixels as files have them, levels 0 … 255 (or 0 … 65535), and as networks see them, [-1, 1]. All that is stored or
// trained passes through here, so the order of the operations is part of the contract: v / (largest / 2) - 1, and
// (x + 1) · (largest / 2) back.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// One byte: v / 127.5 - 1, the same bits as signed_from_bytes() on a CPU.
inline float signed_from_byte(std::uint8_t level) { return static_cast<float>(level) / 127.5F - 1.0F; }

/// uint8 of any shape to float32 in [-1, 1], on the same device.
at::Tensor signed_from_bytes(const at::Tensor& bytes);

/// Floating-point numbers of any shape to uint8, on the same device: rounded (ties to even), and clamped where they
/// leave [-1, 1].
at::Tensor bytes_from_signed(const at::Tensor& images);

/// Levels 0 … `largest` in float32 to [-1, 1], for depths that tensors have no type for.
at::Tensor signed_from_levels(const at::Tensor& levels, double largest);

/// Float32 to levels of which 1 is `largest`; neither rounded nor clamped.
at::Tensor levels_from_signed(const at::Tensor& images, double largest);

}  // namespace samsr
