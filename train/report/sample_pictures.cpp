#include "train/report/sample_pictures.h"

#include <torch/torch.h>

#include "diffusion/noise.h"
#include "models/layers/autocast.h"

namespace samsr {
namespace {

/// Images in [-1,1] as bytes.
at::Tensor bytes_of_images(const at::Tensor& images) {
  return ((images.to(at::kFloat) + 1) * 127.5).round().clamp(0, 255).to(at::kByte).cpu();
}

}  // namespace

SamplePictures::SamplePictures(Batch samples, const TrainSettings& train, SuperResolutionModel& model,
                               c10::Device device, PngEncoder encode_png)
    : samples_(std::move(samples)), train_(train), model_(model), device_(device), encode_png_(std::move(encode_png)) {}

std::vector<EventPicture> SamplePictures::draw() const {
  const std::int64_t scale = model_.settings().scale;
  const at::Tensor lr = bytes_of_images(samples_.lq).repeat_interleave(scale, 2).repeat_interleave(scale, 3);
  const at::Tensor rows = at::cat({lr, bytes_of_images(predictions()), samples_.hr}, 3);
  std::vector<EventPicture> pictures;
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    pictures.push_back({fmt::format("samples/{} (LR, prediction, HR)", samples_.sample[static_cast<std::size_t>(i)]),
                        encode_png_(rows[i].contiguous()), static_cast<int>(rows.size(2)),
                        static_cast<int>(rows.size(3))});
  }
  return pictures;
}

at::Tensor SamplePictures::predictions() const {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(device_, train_.precision == "bf16");
  std::vector<at::Tensor> each;
  // One at a time, so that pictures need no more memory than a step.
  for (std::int64_t i = 0; i < samples_.lq.size(0); ++i) {
    const at::Tensor lq = samples_.lq.slice(0, i, i + 1).to(device_);
    const auto shape = model_.latent_shape(lq.size(2), lq.size(3));
    const at::Tensor noise =
        noise_of({noise_seed(train_.seed, samples_.sample[static_cast<std::size_t>(i)])}, shape, device_);
    if (train_.recipe == "resshift") {
      each.push_back(model_.sample_rollout(lq, noise).cpu());
    } else if (train_.recipe == "samsr") {
      each.push_back(model_.one_step(lq, noise, samples_.coverage.slice(0, i, i + 1).to(device_)).cpu());
    } else {
      each.push_back(model_.one_step(lq, noise).cpu());
    }
  }
  return at::cat(each);
}

}  // namespace samsr
