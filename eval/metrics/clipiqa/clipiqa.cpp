#include "eval/metrics/clipiqa/clipiqa.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "eval/metrics/clipiqa/clipiqa_prompts.h"
#include "models/perceptual/clip_text.h"
#include "models/weights/read_fitting_weights.h"

namespace samsr {
namespace {

/// What the archive carries besides weights.
bool is_no_clip_weight(std::string_view name) {
  return name == "input_resolution" || name == "context_length" || name == "vocab_size" ||
         name.ends_with("num_batches_tracked") || name.ends_with("attn_mask");
}

at::Tensor unit(const at::Tensor& features) {
  return features / at::linalg_vector_norm(features, 2, at::IntArrayRef{1}, true);
}

at::Tensor scaled_prompts(const NamedWeights& weights, c10::Device device) {
  const at::Tensor features = clip_text_features(weights, clipiqa_prompt_tokens());
  return (unit(features) * weights.at("logit_scale").to(at::kFloat).exp()).t().contiguous().to(device);
}

}  // namespace

std::vector<WantedWeight> clipiqa_weights() {
  std::vector<WantedWeight> wanted = clip_image_weights();
  const std::vector<WantedWeight> text = clip_text_weights();
  wanted.insert(wanted.end(), text.begin(), text.end());
  wanted.push_back({"logit_scale", {}});
  return wanted;
}

Clipiqa::Clipiqa(const MetricParts& parts)
    : Clipiqa(read_fitting_weights(parts.files.at(0), clipiqa_weights(), "CLIP RN50, which clipiqa needs",
                                   is_no_clip_weight),
              parts) {}

Clipiqa::Clipiqa(const NamedWeights& weights, const MetricParts& parts)
    : NetworkMetric(parts), image_(weights, parts.device), prompts_(scaled_prompts(weights, parts.device)) {}

std::string Clipiqa::conventions() const {
  return "CLIP RN50 without positional embedding, five pairs of prompts, RGB";
}

std::string Clipiqa::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  const std::int64_t smallest = ClipImage::smallest_side();
  return height >= smallest && width >= smallest
             ? std::string()
             : fmt::format("{}x{} is smaller than the {}x{} that CLIP needs", width, height, smallest, smallest);
}

at::Tensor Clipiqa::score_images(const at::Tensor& pred, const at::Tensor&) const {
  const at::Tensor similarities = at::matmul(unit(image_(pred)), prompts_);
  return similarities.unflatten(1, {-1, 2}).softmax(2).select(2, 0).mean(1);
}

}  // namespace samsr
