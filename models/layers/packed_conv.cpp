#include "models/layers/packed_conv.h"

#include <ATen/ATen.h>

#include <array>

#include "core/kernels.h"
#include "models/layers/onednn_operator.h"

namespace samsr {
namespace {

using Numbers = c10::List<std::optional<at::Scalar>>;
using Text = std::optional<std::string_view>;
using ConvPointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                 at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view,
                                 Numbers, Text);
using ConvSumPointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                    const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                                    std::int64_t, std::string_view, std::optional<at::Scalar>, Text, Numbers, Text);
using ConvAddPointwise = at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&,
                                     const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef,
                                     at::IntArrayRef, std::int64_t, std::string_view, std::optional<at::Scalar>, Text,
                                     Numbers, Text);

using Pair = std::array<std::int64_t, 2>;
constexpr Pair kDense{1, 1};

const auto& conv_pointwise() {
  static const auto found = onednn_operator<ConvPointwise>("mkldnn::_convolution_pointwise", "");
  return found;
}

const auto& conv_sum_pointwise() {
  static const auto found = onednn_operator<ConvSumPointwise>("mkldnn::_convolution_pointwise", "binary");
  return found;
}

const auto& conv_add_pointwise() {
  static const auto found = onednn_operator<ConvAddPointwise>("mkldnn::_convolution_pointwise_", "binary");
  return found;
}

std::optional<at::Tensor> optional(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

}  // namespace

PackedConv::PackedConv(const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride, const Pair& padding,
                       bool passes_gradients)
    : bias_(bias),
      stride_(stride),
      padding_(padding),
      packed_(!passes_gradients && cpu_kernels(weight) && conv_pointwise() && conv_add_pointwise() &&
              conv_sum_pointwise()) {
  TORCH_CHECK(weight.dim() == 4 && (weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kBFloat16),
              "weight is ", weight.sizes(), " ", weight.scalar_type(),
              ", expected (out, in, k, l) float32 or bfloat16");
  if (!packed_) {
    weight_ = weight.contiguous(at::MemoryFormat::ChannelsLast);
    return;
  }
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  weight_ = weight.contiguous().to_mkldnn();
  // The best layout of a 1x1 kernel depends on the size of the map, and oneDNN changes a packed one in its reference
  // loop, which takes longer than the convolution; the plain layout costs a few per cent.
  if (weight.size(2) * weight.size(3) > 1) {
    weight_ = at::mkldnn_reorder_conv2d_weight(weight_, padding, Pair{stride, stride}, kDense, 1);
  }
}

at::Tensor PackedConv::convolved(const at::Tensor& x, const char* activation, Numbers numbers) const {
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  return conv_pointwise()->call(x.contiguous(at::MemoryFormat::ChannelsLast), weight_, optional(bias_), padding_,
                                Pair{stride_, stride_}, kDense, 1, activation, std::move(numbers), std::nullopt);
}

at::Tensor PackedConv::operator()(const at::Tensor& x) const {
  return packed_ ? convolved(x, "none", no_scalars()) : at::conv2d(x, weight_, optional(bias_), stride_, padding_);
}

at::Tensor PackedConv::relu(const at::Tensor& x) const {
  return packed_ ? convolved(x, "relu", no_scalars())
                 : at::conv2d(x, weight_, optional(bias_), stride_, padding_).relu_();
}

at::Tensor PackedConv::leaky_relu(const at::Tensor& x, double slope) const {
  if (!packed_) {
    at::Tensor y = at::conv2d(x, weight_, optional(bias_), stride_, padding_);
    return at::leaky_relu_(y, slope);
  }
  Numbers numbers;
  numbers.push_back(at::Scalar(slope));
  return convolved(x, "leaky_relu", std::move(numbers));
}

at::Tensor PackedConv::add(const at::Tensor& x, const at::Tensor& other) const {
  if (!packed_) {
    return at::conv2d(x, weight_, optional(bias_), stride_, padding_).add_(other);
  }
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  if (other.size(2) * other.size(3) == 1) {
    return convolved(x, "none", no_scalars()) + other;  // oneDNN adds no maps of one pixel
  }
  return conv_sum_pointwise()->call(x.contiguous(at::MemoryFormat::ChannelsLast),
                                    other.contiguous(at::MemoryFormat::ChannelsLast), weight_, optional(bias_),
                                    padding_, Pair{stride_, stride_}, kDense, 1, "add", std::nullopt, std::nullopt,
                                    no_scalars(), std::nullopt);
}

at::Tensor PackedConv::add_relu(const at::Tensor& x, at::Tensor sum) const {
  if (!packed_) {
    return at::conv2d(x, weight_, optional(bias_), stride_, padding_).add_(sum).relu_();
  }
  const at::AutoDispatchBelowADInplaceOrView no_gradients;
  return conv_add_pointwise()->call(sum, x.contiguous(at::MemoryFormat::ChannelsLast), weight_, optional(bias_),
                                    padding_, Pair{stride_, stride_}, kDense, 1, "add", std::nullopt, "relu",
                                    no_scalars(), std::nullopt);
}

}  // namespace samsr
