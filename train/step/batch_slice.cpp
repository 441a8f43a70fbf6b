#include "train/step/batch_slice.h"

#include <torch/torch.h>

namespace samsr {
namespace {

template <class Change>
void change_tensors(Batch& batch, Change change) {
  for (at::Tensor* tensor :
       {&batch.lq, &batch.z_0, &batch.z_y, &batch.coverage, &batch.hr, &batch.coverage_hr, &batch.x0}) {
    if (tensor->defined()) {
      *tensor = change(*tensor);
    }
  }
}

}  // namespace

Batch slice(const Batch& batch, std::int64_t from, std::int64_t count) {
  Batch part = batch;
  change_tensors(part, [&](const at::Tensor& tensor) { return tensor.narrow(0, from, count); });
  if (!batch.noise_seed.empty()) {
    part.noise_seed.assign(batch.noise_seed.begin() + from, batch.noise_seed.begin() + from + count);
  }
  part.sample.assign(batch.sample.begin() + from, batch.sample.begin() + from + count);
  part.position.assign(batch.position.begin() + from, batch.position.begin() + from + count);
  return part;
}

Batch to_device(Batch batch, c10::Device device) {
  change_tensors(batch, [&](const at::Tensor& tensor) {
    const at::Tensor moved = tensor.to(device, /*non_blocking=*/true);
    return moved.scalar_type() == at::kHalf ? moved.to(at::kFloat) : moved;
  });
  if (batch.hr.defined()) {
    batch.hr = batch.hr.to(at::kFloat) / 127.5 - 1;
  }
  return batch;
}

}  // namespace samsr
