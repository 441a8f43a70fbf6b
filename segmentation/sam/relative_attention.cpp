#include "segmentation/sam/relative_attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace samsr {
namespace {

/// Scores held at a time, so that a block of queries stays in a core's cache.
constexpr std::int64_t kScoresAtATime = std::int64_t{1} << 18;

/// (size, size, d): row (query, key) is the table's row of their offset.
at::Tensor relative_rows(const at::Tensor& table, std::int64_t size) {
  TORCH_CHECK(table.size(0) == 2 * size - 1, "relative positions: ", table.size(0), " rows for a side of ", size);
  const at::Tensor axis = at::arange(size, table.options().dtype(at::kLong));
  const at::Tensor offset = axis.unsqueeze(1) - axis.unsqueeze(0) + (size - 1);
  return table.index_select(0, offset.view(-1)).view({size, size, table.size(1)});
}

/// Blocks of queries, in parallel: scores never exist as a whole.
at::Tensor attend_in_blocks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias_h,
                            const at::Tensor& bias_w) {
  const std::int64_t height = q.size(1);
  const std::int64_t width = q.size(2);
  const std::int64_t positions = height * width;
  const std::int64_t channels = q.size(3);
  const std::int64_t rows = std::clamp<std::int64_t>(kScoresAtATime / (positions * width), 1, height);
  const std::int64_t blocks = (height + rows - 1) / rows;
  const double scale = 1 / std::sqrt(static_cast<double>(channels));
  at::Tensor out = at::empty_like(q);
  at::parallel_for(0, q.size(0) * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t batch = i / blocks;
      const std::int64_t first = i % blocks * rows;
      const std::int64_t count = std::min(rows, height - first);
      const std::int64_t queries = count * width;
      const at::Tensor keys = k[batch].view({positions, channels});
      at::Tensor scores = at::add(bias_h[batch].narrow(0, first, count).unsqueeze(3),
                                  bias_w[batch].narrow(0, first, count).unsqueeze(2))
                              .view({queries, positions});
      scores.addmm_(q[batch].narrow(0, first, count).view({queries, channels}), keys.t(), 1, scale);
      at::Tensor here = out[batch].narrow(0, first, count).view({queries, channels});
      at::mm_out(here, at::softmax(scores, 1), v[batch].view({positions, channels}));
    }
  });
  return out;
}

}  // namespace

at::Tensor attend_with_relative_positions(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          const at::Tensor& table_h, const at::Tensor& table_w) {
  const std::int64_t height = q.size(1);
  const std::int64_t width = q.size(2);
  const std::int64_t positions = height * width;
  const at::Tensor bias_h = at::einsum("byxd,ykd->byxk", {q, relative_rows(table_h, height)});
  const at::Tensor bias_w = at::einsum("byxd,xkd->byxk", {q, relative_rows(table_w, width)});
  if (q.device().is_cpu()) {
    return attend_in_blocks(q, k, v, bias_h.contiguous(), bias_w.contiguous());
  }
  const at::Tensor bias = (bias_h.unsqueeze(4) + bias_w.unsqueeze(3)).view({1, q.size(0), positions, positions});
  const auto flat = [&](const at::Tensor& x) { return x.view({1, x.size(0), positions, x.size(3)}); };
  return at::scaled_dot_product_attention(flat(q), flat(k), flat(v), bias).view(q.sizes());
}

}  // namespace samsr
