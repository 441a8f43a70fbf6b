#include "segmentation/sam/relative_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/kernels.h"
#include "core/parallel.h"
#include "models/layers/wide_linear.h"
#include "segmentation/sam/image_kernels.h"

namespace samsr {
namespace {

/// Scores held at a time: few enough to stay in the cache, enough to be worth laying out the keys for.
constexpr std::int64_t kScoresAtATime = std::int64_t{1} << 20;

/// The same elsewhere: the bias of these is made as a whole, 1 GiB of bf16.
constexpr std::int64_t kBiasAtATime = std::int64_t{1} << 29;

/// (size, size, d): row (query, key) is the table's row of their offset.
at::Tensor relative_rows(const at::Tensor& table, std::int64_t size) {
  TORCH_CHECK(table.size(0) == 2 * size - 1, "relative positions: ", table.size(0), " rows for a side of ", size);
  const at::Tensor axis = at::arange(size, table.options().dtype(at::kLong));
  const at::Tensor offset = axis.unsqueeze(1) - axis.unsqueeze(0) + (size - 1);
  return table.index_select(0, offset.view(-1)).view({size, size, table.size(1)});
}

/// Blocks of queries, in parallel: scores never exist as a whole. q comes over √d.
at::Tensor attend_in_blocks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias_h,
                            const at::Tensor& bias_w) {
  const std::int64_t height = q.size(1);
  const std::int64_t width = q.size(2);
  const std::int64_t positions = height * width;
  const std::int64_t channels = q.size(3);
  const std::int64_t rows = std::clamp<std::int64_t>(kScoresAtATime / (positions * width), 1, height);
  const std::int64_t blocks = (height + rows - 1) / rows;
  const at::Tensor values = v.flatten(1, 2).transpose(1, 2).contiguous();
  at::Tensor out = at::empty_like(q);
  in_parallel(q.size(0) * blocks, [&](std::int64_t i) {
    const std::int64_t batch = i / blocks;
    const std::int64_t first = i % blocks * rows;
    const std::int64_t count = std::min(rows, height - first);
    const std::int64_t queries = count * width;
    const at::Tensor asked = q[batch].narrow(0, first, count).view({queries, channels});
    at::Tensor weights = wide_linear(asked, k[batch].view({positions, channels}), {});
    const auto of_queries = [&](const at::Tensor& bias) { return bias[batch].narrow(0, first, count).flatten(0, 1); };
    const at::Tensor divisors = softmax_with_bias_(weights, of_queries(bias_h), of_queries(bias_w));
    at::Tensor here = out[batch].narrow(0, first, count).view({queries, channels});
    at::div_out(here, wide_linear(weights, values[batch], {}), divisors.to(q.scalar_type()).unsqueeze(1));
  });
  return out;
}

/// Some heads at a time, by the library's fused attention with the bias as a mask.
at::Tensor attend_with_bias(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias_h,
                            const at::Tensor& bias_w) {
  const std::int64_t positions = q.size(1) * q.size(2);
  const std::int64_t at_a_time = std::max<std::int64_t>(1, kBiasAtATime / (positions * positions));
  at::Tensor out = at::empty_like(q);
  for (std::int64_t first = 0; first < q.size(0); first += at_a_time) {
    const std::int64_t count = std::min(at_a_time, q.size(0) - first);
    const auto flat = [&](const at::Tensor& x) {
      return x.narrow(0, first, count).view({1, count, positions, x.size(3)});
    };
    const at::Tensor bias = (bias_h.narrow(0, first, count).unsqueeze(4) + bias_w.narrow(0, first, count).unsqueeze(3))
                                .view({1, count, positions, positions});
    flat(out).copy_(at::scaled_dot_product_attention(flat(q), flat(k), flat(v), bias));
  }
  return out;
}

}  // namespace

at::Tensor attend_with_relative_positions(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          const at::Tensor& table_h, const at::Tensor& table_w) {
  const std::int64_t height = q.size(1);
  const std::int64_t width = q.size(2);
  // Einsum leaves strides of its own choice, which their sum would have too.
  const at::Tensor bias_h = at::einsum("byxd,ykd->byxk", {q, relative_rows(table_h, height)}).contiguous();
  const at::Tensor bias_w = at::einsum("byxd,xkd->byxk", {q, relative_rows(table_w, width)}).contiguous();
  if (cpu_kernels(q)) {
    const at::Tensor over_root = q / std::sqrt(static_cast<double>(q.size(3)));
    return attend_in_blocks(over_root, k, v, bias_h, bias_w);
  }
  return attend_with_bias(q, k, v, bias_h, bias_w);
}

}  // namespace samsr
