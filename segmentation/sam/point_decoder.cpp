#include "segmentation/sam/point_decoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace samsr {
namespace {

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

/// Calls `work` for `count` points: one by one on the cores of a CPU, whose caches hold the image of one point but
/// not of many; all at once elsewhere.
void for_points(at::Device device, std::int64_t count, const std::function<void(PointRange)>& work) {
  if (!device.is_cpu()) {
    work({0, count});
    return;
  }
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      work({i, 1});
    }
  });
}

at::Tensor normalised(const at::Tensor& image, const torch::nn::LayerNorm& norm) {
  return at::layer_norm(image, norm->weight.sizes(), norm->weight.to(image.scalar_type()),
                        norm->bias.to(image.scalar_type()), norm->options.eps());
}

}  // namespace

SamPointDecoder::SamPointDecoder(std::shared_ptr<SamNetwork> network, std::int64_t points_at_a_time)
    : network_(without_gradients(std::move(network))),
      points_at_a_time_(points_at_a_time),
      positions_(grid_positions(*network_)),
      first_image_to_tokens_(*network_->mask_decoder->transformer->layers[0]->cross_attn_image_to_token, positions_,
                             network_->precision()),
      second_tokens_to_image_(*network_->mask_decoder->transformer->layers[1]->cross_attn_token_to_image, positions_,
                              network_->precision()),
      second_image_to_tokens_(*network_->mask_decoder->transformer->layers[1]->cross_attn_image_to_token, positions_,
                              network_->precision()),
      last_tokens_to_image_(*network_->mask_decoder->transformer->final_attn_token_to_image, positions_,
                            network_->precision()),
      mask_head_(*network_->mask_decoder, network_->precision()) {
  TORCH_CHECK(points_at_a_time >= 1, "points_at_a_time: ", points_at_a_time);
}

void SamPointDecoder::set_image(const cv::Mat& rgb) {
  const torch::NoGradGuard no_grad;
  frame_ = SamFrame(rgb.size(), network_->sizes.img_size);
  const at::Tensor embedding = network_->encode(prepare_for_sam(rgb, frame_)) + network_->prompt_encoder->no_mask();
  const at::Tensor image = embedding.flatten(2).squeeze(0).t().contiguous();
  const at::Tensor placed = image + positions_;
  image_ = image.to(network_->precision());
  const TokenAttention& first = *network_->mask_decoder->transformer->layers[0]->cross_attn_token_to_image;
  const auto heads = [&](const at::Tensor& x) { return x.unflatten(1, {first.heads, -1}).transpose(0, 1).unsqueeze(0); };
  first_keys_ = heads(at::linear(placed, first.k_proj->weight, first.k_proj->bias));
  first_values_ = heads(at::linear(image, first.v_proj->weight, first.v_proj->bias));
  first_queries_ = first_image_to_tokens_.shared_queries(placed);
}

SamPointDecoder::Answers SamPointDecoder::transform(const at::Tensor& points) const {
  const std::int64_t count = points.size(0);
  const auto& transformer = *network_->mask_decoder->transformer;
  TwoWayBlock& first = *transformer.layers[0];
  TwoWayBlock& second = *transformer.layers[1];
  const at::Device device = image_.device();

  const at::Tensor square = at::constant_pad_nd(frame_.to_square(points).unsqueeze(1), {0, 0, 0, 1}).to(device);
  const at::Tensor labels = at::tensor({1, -1}, at::TensorOptions(device).dtype(at::kLong)).expand({count, 2});
  const at::Tensor start =
      network_->mask_decoder->tokens_of(network_->prompt_encoder->embed_points(square, labels));
  const std::int64_t per_point = start.size(1);

  // First block: all points see the same image.
  at::Tensor tokens = first.attend_to_tokens(start, start);
  {
    TokenAttention& attention = *first.cross_attn_token_to_image;
    const at::Tensor q = attention.q_proj(tokens + start)
                             .view({1, count * per_point, attention.heads, -1})
                             .transpose(1, 2);
    const at::Tensor attended = at::scaled_dot_product_attention(q, first_keys_, first_values_)
                                    .transpose(1, 2)
                                    .reshape({count, per_point, -1});
    tokens = first.through_mlp(first.norm2(tokens + attention.out_proj(attended)));
  }
  const ImageToTokens::Keys first_keys = first_image_to_tokens_.keys(tokens, tokens + start);

  // Second block.
  tokens = second.attend_to_tokens(tokens, start);
  const TokensToImage::Queries queries = second_tokens_to_image_.queries(tokens + start);
  at::Tensor image = at::empty({count, image_.size(0), image_.size(1)}, image_.options());
  at::Tensor pooled = at::empty_like(queries.folded);
  for_points(device, count, [&](PointRange range) {
    const at::Tensor seen =
        normalised(first_image_to_tokens_.add_result(first_keys, range, image_, first_queries_), first.norm4);
    range.of(pooled).copy_(second_tokens_to_image_.pool(queries, range, seen));
    range.of(image).copy_(seen);
  });
  tokens = second.through_mlp(
      second.norm2(tokens + second_tokens_to_image_.result(pooled.to(at::kFloat))));
  const ImageToTokens::Keys second_keys = second_image_to_tokens_.keys(tokens, tokens + start);

  const TokensToImage::Queries last_queries = last_tokens_to_image_.queries(tokens + start);
  for_points(device, count, [&](PointRange range) {
    at::Tensor here = range.of(image);
    const at::Tensor seen = normalised(second_image_to_tokens_.add_result(second_keys, range, here), second.norm4);
    range.of(pooled).copy_(last_tokens_to_image_.pool(last_queries, range, seen));
    here.copy_(seen);
  });
  torch::nn::LayerNorm norm = transformer.norm_final_attn;
  return {image, norm(tokens + last_tokens_to_image_.result(pooled.to(at::kFloat)))};
}

at::Tensor SamPointDecoder::logits_of(const Answers& answers, const at::Tensor& point,
                                      const at::Tensor& mask) const {
  std::vector<at::Tensor> weights;
  for (std::size_t i = 1; i < SamMaskDecoder::kMasks; ++i) {
    weights.push_back(network_->mask_decoder->hypernetworks[i]->forward(
        answers.tokens.select(1, 1 + static_cast<std::int64_t>(i))));
  }
  const at::Tensor all_weights = at::stack(weights, 1);
  const std::int64_t side = network_->sizes.low_res_side();
  if (!image_.device().is_cpu()) {
    const at::Tensor rows = point.to(image_.device());
    return mask_head_.logits(answers.image, all_weights).index({rows, mask.to(image_.device())}).to(at::kCPU);
  }
  // The wanted masks lie point by point, so those of a point are a range of the result.
  at::Tensor logits = at::empty({point.size(0), side, side}, at::kFloat);
  const auto* of_point = point.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> starts;
  for (std::int64_t i = 0; i < point.size(0); ++i) {
    if (i == 0 || of_point[i] != of_point[i - 1]) {
      starts.push_back(i);
    }
  }
  const auto wanted = static_cast<std::int64_t>(starts.size());
  starts.push_back(point.size(0));
  for_points(at::kCPU, wanted, [&](PointRange range) {
    const std::int64_t begin = starts[static_cast<std::size_t>(range.first)];
    const std::int64_t length = starts[static_cast<std::size_t>(range.first) + 1] - begin;
    const std::int64_t i = of_point[begin];
    const at::Tensor rows = all_weights[i].index_select(0, mask.narrow(0, begin, length)).unsqueeze(0);
    logits.narrow(0, begin, length).copy_(mask_head_.logits(answers.image.narrow(0, i, 1), rows).squeeze(0));
  });
  return logits;
}

PointMasks SamPointDecoder::decode_batch(const at::Tensor& points, std::optional<double> min_iou) const {
  const Answers answers = transform(points);
  const at::Tensor iou =
      network_->mask_decoder->iou_head->forward(answers.tokens.select(1, 0)).narrow(1, 1, 3).to(at::kCPU);
  const at::Tensor wanted = (min_iou ? iou > *min_iou : at::ones_like(iou, at::kBool)).nonzero();
  const at::Tensor point = wanted.select(1, 0).contiguous();
  const at::Tensor mask = wanted.select(1, 1).contiguous();
  return {point, mask, iou.index({point, mask}), logits_of(answers, point, mask)};
}

PointMasks SamPointDecoder::decode(const at::Tensor& points, std::optional<double> min_iou) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK(image_.defined(), "SamPointDecoder: no image was set");
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
  logits.push_back(at::empty({0, side, side}, at::kFloat));
  return {at::cat(point), at::cat(mask), at::cat(iou), at::cat(logits)};
}

}  // namespace samsr
