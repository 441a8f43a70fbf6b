#include "eval/metrics/pixel_metric.h"

#include <ATen/ATen.h>

#include "core/parallel.h"

namespace samsr {
namespace {

at::Tensor on_cpu(const at::Tensor& images) {
  return images.to(at::kCPU, images.scalar_type() == at::kByte ? at::kByte : at::kDouble).contiguous();
}

}  // namespace

at::Tensor PixelMetric::score_cropped(const at::Tensor& pred, const at::Tensor& ref) const {
  const at::Tensor images = on_cpu(pred);
  const at::Tensor references = ref.defined() ? on_cpu(ref) : at::Tensor();
  at::Tensor scores = at::empty({images.size(0)}, at::kDouble);
  auto* out = scores.mutable_data_ptr<double>();
  in_parallel(images.size(0), [&](std::int64_t i) {
    out[i] = score_one(images[i], references.defined() ? references[i] : at::Tensor());
  });
  return scores;
}

}  // namespace samsr
