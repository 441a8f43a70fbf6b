#include "segmentation/sam/point_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "core/kernels.h"
#include "core/parallel.h"
#include "segmentation/sam/pillow_resize.h"

namespace samsr {
namespace {

/// Points whose images are enlarged at a time where no CPU's kernels compute: each takes some 16 MiB in bf16.
constexpr std::int64_t kEnlargedAtATime = 64;

at::Tensor grid_positions(const SamNetwork& network) {
  const torch::NoGradGuard no_grad;
  return network.prompt_encoder->grid_positions().flatten(2).squeeze(0).t().contiguous();
}

std::shared_ptr<SamNetwork> without_gradients(std::shared_ptr<SamNetwork> network) {
  for (at::Tensor& parameter : network->parameters()) {
    parameter.set_requires_grad(false);
  }
  return network;
}

/// Where each point's masks begin, of masks that lie point by point, and where the last one's end.
std::vector<std::int64_t> ranges_of(const at::Tensor& point) {
  const auto* of_mask = point.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> starts;
  for (std::int64_t i = 0; i < point.size(0); ++i) {
    if (i == 0 || of_mask[i] != of_mask[i - 1]) {
      starts.push_back(i);
    }
  }
  starts.push_back(point.size(0));
  return starts;
}

}  // namespace

SamPointDecoder::SamPointDecoder(std::shared_ptr<SamNetwork> network, std::int64_t points_at_a_time,
                                 std::size_t images_at_a_time)
    : network_(without_gradients(std::move(network))),
      points_at_a_time_(points_at_a_time),
      images_at_a_time_(images_at_a_time),
      positions_(grid_positions(*network_)),
      labels_(at::tensor({1, -1}, at::TensorOptions(network_->device()).dtype(at::kLong))),
      image_pass_(positions_.to(network_->precision()), network_->sizes.decoder_heads),
      mask_head_(*network_->mask_decoder, network_->precision()) {
  TORCH_CHECK(points_at_a_time >= 1, "points_at_a_time: ", points_at_a_time);
  TORCH_CHECK(images_at_a_time >= 1, "images_at_a_time: ", images_at_a_time);
}

void SamPointDecoder::set_images(const std::vector<cv::Mat>& rgb) {
  const torch::NoGradGuard no_grad;
  frames_.clear();
  embeddings_.clear();
  selected_.reset();
  for (std::size_t first = 0; first < rgb.size(); first += images_at_a_time_) {
    const std::size_t count = std::min(images_at_a_time_, rgb.size() - first);
    for (std::size_t i = first; i < first + count; ++i) {
      frames_.emplace_back(rgb[i].size(), network_->sizes.img_size);
    }
    std::vector<cv::Mat> scaled(count);
    in_parallel(static_cast<std::int64_t>(count), [&](std::int64_t i) {
      const std::size_t number = first + static_cast<std::size_t>(i);
      scaled[static_cast<std::size_t>(i)] = pillow_resize(rgb[number], frames_[number].scaled);
    });
    std::vector<at::Tensor> prepared;
    for (std::size_t i = 0; i < count; ++i) {
      prepared.push_back(normalised_for_sam(scaled[i], frames_[first + i], network_->device()));
    }
    const at::Tensor batch = network_->encode(at::cat(prepared)) + network_->prompt_encoder->no_mask();
    for (const at::Tensor& embedding : batch.unbind()) {
      embeddings_.push_back(embedding);
    }
  }
}

void SamPointDecoder::select(std::size_t number) {
  TORCH_CHECK(number < embeddings_.size(), "SamPointDecoder: image ", number, " of ", embeddings_.size());
  if (selected_ == number) {
    return;
  }
  selected_ = number;
  const at::Tensor image = embeddings_[number].flatten(1).t().contiguous();
  const at::Tensor placed = image + positions_;
  image_ = image.to(network_->precision()).unsqueeze(0);
  const TokenAttention& first = *network_->mask_decoder->transformer->layers[0]->cross_attn_token_to_image;
  const auto heads = [&](const at::Tensor& x) {
    return x.unflatten(1, {first.heads, -1}).transpose(0, 1).unsqueeze(0);
  };
  first_keys_ = heads(at::linear(placed, first.k_proj->weight, first.k_proj->bias));
  first_values_ = heads(at::linear(image, first.v_proj->weight, first.v_proj->bias));
}

SamPointDecoder::Answers SamPointDecoder::transform(const at::Tensor& points) const {
  const std::int64_t count = points.size(0);
  const auto& transformer = *network_->mask_decoder->transformer;
  TwoWayBlock& first = *transformer.layers[0];
  TwoWayBlock& second = *transformer.layers[1];
  const at::Device device = image_.device();

  const at::Tensor square =
      at::constant_pad_nd(frames_[*selected_].to_square(points).unsqueeze(1), {0, 0, 0, 1}).to(device, true);
  const at::Tensor labels = labels_.expand({count, 2});
  const at::Tensor start = network_->mask_decoder->tokens_of(network_->prompt_encoder->embed_points(square, labels));
  const std::int64_t per_point = start.size(1);

  // First block: all points see the same image.
  at::Tensor tokens = first.attend_to_tokens(start, start);
  {
    TokenAttention& attention = *first.cross_attn_token_to_image;
    const at::Tensor q =
        attention.q_proj(tokens + start).view({1, count * per_point, attention.heads, -1}).transpose(1, 2);
    const at::Tensor attended =
        at::scaled_dot_product_attention(q, first_keys_, first_values_).transpose(1, 2).reshape({count, per_point, -1});
    tokens = first.through_mlp(first.norm2(tokens + attention.out_proj(attended)));
  }
  const at::ScalarType type = image_.scalar_type();
  const auto keys_of = [&](const TwoWayBlock& block) {
    return fold_keys(*block.cross_attn_image_to_token, tokens, tokens + start, type);
  };
  const FoldedKeys first_keys = keys_of(first);

  // Second block, and with its image the last attention.
  tokens = second.attend_to_tokens(tokens, start);
  const TokenAttention& to_image = *second.cross_attn_token_to_image;
  at::Tensor image =
      cpu_kernels(image_) ? at::empty({count, image_.size(1), image_.size(2)}, image_.options()) : at::Tensor();
  at::Tensor means = image_pass_(image_, first_keys, first.norm4, fold_queries(to_image, tokens + start, type), image);
  tokens = second.through_mlp(second.norm2(tokens + unfold_result(to_image, means)));

  const TokenAttention& last = *transformer.final_attn_token_to_image;
  means = image_pass_(image, keys_of(second), second.norm4, fold_queries(last, tokens + start, type), image);
  torch::nn::LayerNorm norm = transformer.norm_final_attn;
  return {image, norm(tokens + unfold_result(last, means))};
}

at::Tensor SamPointDecoder::weights_of(const Answers& answers) const {
  std::vector<at::Tensor> weights;
  for (std::size_t i = 1; i < SamMaskDecoder::kMasks; ++i) {
    weights.push_back(
        network_->mask_decoder->hypernetworks[i]->forward(answers.tokens.select(1, 1 + static_cast<std::int64_t>(i))));
  }
  return at::stack(weights, 1);
}

at::Tensor SamPointDecoder::logits_one_by_one(const Answers& answers, const at::Tensor& point,
                                              const at::Tensor& mask) const {
  const at::Tensor weights = weights_of(answers);
  const at::Tensor chosen = weights.flatten(0, 1).index_select(0, point * weights.size(1) + mask);
  const std::int64_t side = network_->sizes.low_res_side();
  at::Tensor logits = at::empty({point.size(0), side, side}, weights.options());
  const std::vector<std::int64_t> starts = ranges_of(point);
  const auto* of_point = point.const_data_ptr<std::int64_t>();
  in_parallel(static_cast<std::int64_t>(starts.size()) - 1, [&](std::int64_t i) {
    const std::int64_t begin = starts[static_cast<std::size_t>(i)];
    const std::int64_t length = starts[static_cast<std::size_t>(i) + 1] - begin;
    logits.narrow(0, begin, length)
        .copy_(mask_head_.logits(answers.image[of_point[begin]], chosen.narrow(0, begin, length)));
  });
  return logits;
}

at::Tensor SamPointDecoder::logits_at_once(const Answers& answers, const at::Tensor& point,
                                           const at::Tensor& mask) const {
  const at::Tensor weights = weights_of(answers);
  const std::int64_t side = network_->sizes.low_res_side();
  at::Tensor logits = at::empty({point.size(0), side, side}, weights.options());
  const std::vector<std::int64_t> starts = ranges_of(point);
  const auto wanted = static_cast<std::int64_t>(starts.size()) - 1;
  const auto there = [&](const std::vector<std::int64_t>& numbers) {
    return at::tensor(numbers, at::kLong).to(weights.device(), /*non_blocking=*/true);
  };
  for (std::int64_t first = 0; first < wanted; first += kEnlargedAtATime) {
    const std::int64_t count = std::min(kEnlargedAtATime, wanted - first);
    const std::int64_t begin = starts[static_cast<std::size_t>(first)];
    const std::int64_t end = starts[static_cast<std::size_t>(first + count)];
    std::vector<std::int64_t> points;
    std::vector<std::int64_t> rows;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t asked = point.const_data_ptr<std::int64_t>()[i];
      if (points.empty() || points.back() != asked) {
        points.push_back(asked);
      }
      const auto place = static_cast<std::int64_t>(points.size()) - 1;
      rows.push_back(place * weights.size(1) + mask.const_data_ptr<std::int64_t>()[i]);
    }
    const at::Tensor chosen = there(points);
    logits.narrow(0, begin, end - begin)
        .copy_(mask_head_.logits_of_points(answers.image.index_select(0, chosen), weights.index_select(0, chosen),
                                           there(rows)));
  }
  return logits;
}

PointMasks SamPointDecoder::decode_batch(const at::Tensor& points, std::optional<double> min_iou) const {
  const Answers answers = transform(points);
  // The one place that waits for the device.
  const at::Tensor iou =
      network_->mask_decoder->iou_head->forward(answers.tokens.select(1, 0)).narrow(1, 1, 3).to(at::kCPU);
  const at::Tensor wanted = (min_iou ? iou > *min_iou : at::ones_like(iou, at::kBool)).nonzero();
  const at::Tensor point = wanted.select(1, 0).contiguous();
  const at::Tensor mask = wanted.select(1, 1).contiguous();
  return {point, mask, iou.index({point, mask}),
          cpu_kernels(image_) ? logits_one_by_one(answers, point, mask) : logits_at_once(answers, point, mask)};
}

PointMasks SamPointDecoder::decode_in(std::size_t image, const at::Tensor& points, std::optional<double> min_iou) {
  const torch::NoGradGuard no_grad;
  select(image);
  TORCH_CHECK(points.dim() == 2 && points.size(1) == 2, "points: expected (N, 2), got ", points.sizes());
  std::vector<at::Tensor> point;
  std::vector<at::Tensor> mask;
  std::vector<at::Tensor> iou;
  std::vector<at::Tensor> logits;
  for (std::int64_t first = 0; first < points.size(0); first += points_at_a_time_) {
    const std::int64_t count = std::min(points_at_a_time_, points.size(0) - first);
    const PointMasks batch = decode_batch(points.narrow(0, first, count), min_iou);
    point.push_back(batch.point + first);
    mask.push_back(batch.mask);
    iou.push_back(batch.iou);
    logits.push_back(batch.logits);
  }
  if (point.size() == 1) {
    return {point.front(), mask.front(), iou.front(), logits.front()};
  }
  const std::int64_t side = network_->sizes.low_res_side();
  const at::Tensor none = at::empty({0}, at::kLong);
  point.push_back(none);
  mask.push_back(none);
  iou.push_back(at::empty({0}, at::kFloat));
  logits.push_back(at::empty({0, side, side}, positions_.options()));
  return {at::cat(point), at::cat(mask), at::cat(iou), at::cat(logits)};
}

}  // namespace samsr
