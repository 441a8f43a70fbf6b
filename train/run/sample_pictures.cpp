#include "train/run/sample_pictures.h"

#include <torch/torch.h>

#include <algorithm>

#include "core/pixels.h"
#include "data/images/image_file.h"
#include "models/layers/autocast.h"

namespace samsr {
namespace {
constexpr std::uint64_t kMost = 4;
}  // namespace

SamplePictures::SamplePictures(const BatchSource& source, const Recipe& recipe, bool bf16, c10::Device device)
    : samples_(source.load(0, static_cast<std::int64_t>(std::min(kMost, source.samples())))),
      recipe_(recipe),
      bf16_(bf16),
      device_(device) {}

std::vector<EventPicture> SamplePictures::draw() const {
  const at::Tensor predicted = predictions();
  if (!predicted.defined()) {
    return {};
  }
  const std::int64_t scale = samples_.hr.size(2) / samples_.lq.size(2);
  const at::Tensor lr = bytes_from_signed(samples_.lq).repeat_interleave(scale, 2).repeat_interleave(scale, 3);
  const at::Tensor rows = at::cat({lr, bytes_from_signed(predicted), samples_.hr}, 3);
  std::vector<EventPicture> pictures;
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    pictures.push_back({fmt::format("samples/{} (LR, prediction, HR)", samples_.sample[static_cast<std::size_t>(i)]),
                        encode_png(to_mat(rows[i].contiguous())), static_cast<int>(rows.size(2)),
                        static_cast<int>(rows.size(3))});
  }
  return pictures;
}

at::Tensor SamplePictures::predictions() const {
  const torch::NoGradGuard no_grad;
  const Autocast autocast(device_, bf16_);
  std::vector<at::Tensor> each;
  // One at a time, so that pictures need no more memory than a step.
  for (std::int64_t i = 0; i < samples_.lq.size(0); ++i) {
    const at::Tensor predicted = recipe_.predict(to_device(slice(samples_, i, 1), device_));
    if (!predicted.defined()) {
      return {};
    }
    each.push_back(predicted.to(at::kFloat).cpu());
  }
  return at::cat(each);
}

}  // namespace samsr
