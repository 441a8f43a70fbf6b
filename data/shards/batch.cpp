#include "data/shards/batch.h"

#include <ATen/ATen.h>

#include <array>

#include "core/pixels.h"

namespace samsr {
namespace {

using Form = BatchField::Form;

constexpr std::array kFields{
    BatchField{"lr", "pairs", &Batch::lq, Form::kImage, at::kByte, at::kFloat, &BatchFields::lq, false,
               "`samsr data build`"},
    BatchField{"z_hr", "latents", &Batch::z_0, Form::kLatent, at::kHalf, at::kHalf, &BatchFields::latents, true,
               "data.latents=true"},
    BatchField{"z_lr", "latents", &Batch::z_y, Form::kLatent, at::kHalf, at::kHalf, &BatchFields::latents, true,
               "data.latents=true"},
    BatchField{"coverage", "masks", &Batch::coverage, Form::kMap, at::kByte, at::kByte, &BatchFields::coverage, false,
               "`samsr data build`"},
    BatchField{"hr", "pairs", &Batch::hr, Form::kImage, at::kByte, at::kByte, &BatchFields::hr, false,
               "`samsr data build`"},
    BatchField{"coverage_hr", "masks", &Batch::coverage_hr, Form::kMap, at::kByte, at::kByte, &BatchFields::coverage_hr,
               false, "data.coverage_hr=true"},
    BatchField{"rollout/x0", "rollout", &Batch::x0, Form::kDrawn, at::kHalf, at::kHalf, &BatchFields::rollout, false,
               "`samsr data build --stage rollout`"},
};

/// Replaces every defined tensor by change(form, tensor).
template <class Change>
void change_tensors(Batch& batch, Change change) {
  const auto change_one = [&](Form form, at::Tensor& tensor) {
    if (tensor.defined()) {
      tensor = change(form, tensor);
    }
  };
  for (const BatchField& field : kFields) {
    change_one(field.form, batch.*field.tensor);
  }
  change_one(Form::kLatent, batch.noise);
  change_one(Form::kImage, batch.enlarged);
  change_one(Form::kImage, batch.hr_sharp);
}

template <class T>
std::vector<T> part_of(const std::vector<T>& all, std::int64_t from, std::int64_t count) {
  return all.empty() ? all : std::vector<T>(all.begin() + from, all.begin() + from + count);
}

}  // namespace

std::size_t BatchField::dimensions() const {
  switch (form) {
    case Form::kMap:
      return 2;
    case Form::kDrawn:
      return 4;
    default:
      return 3;
  }
}

std::span<const BatchField> batch_fields() { return kFields; }

Batch slice(const Batch& batch, std::int64_t from, std::int64_t count) {
  Batch part = batch;
  change_tensors(part, [&](Form, const at::Tensor& tensor) { return tensor.narrow(0, from, count); });
  part.noise_seed = part_of(batch.noise_seed, from, count);
  part.sample = part_of(batch.sample, from, count);
  part.position = part_of(batch.position, from, count);
  return part;
}

Batch to_device(Batch batch, c10::Device device) {
  change_tensors(batch, [&](Form form, const at::Tensor& tensor) {
    const at::Tensor moved = tensor.to(device, /*non_blocking=*/true);
    if (form == Form::kImage && moved.scalar_type() == at::kByte) {
      return signed_from_bytes(moved);
    }
    return moved.scalar_type() == at::kHalf ? moved.to(at::kFloat) : moved;
  });
  return batch;
}

double bytes_of(const Batch& batch) {
  double bytes = 0;
  Batch counted = batch;
  change_tensors(counted, [&](Form, const at::Tensor& tensor) {
    bytes += static_cast<double>(tensor.nbytes());
    return tensor;
  });
  return bytes;
}

}  // namespace samsr
