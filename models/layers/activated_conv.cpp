#include "models/layers/activated_conv.h"

#include "models/layers/channels_last.h"

namespace samsr {

ActivatedConvImpl::ActivatedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, double residual_scale)
    : residual_scale_(residual_scale), padding_(kernel / 2) {
  // As torch.nn.Conv2d begins.
  const torch::nn::Conv2d fresh(torch::nn::Conv2dOptions(in, out, kernel));
  weight_ = register_parameter("weight", fresh->weight.detach());
  bias_ = register_parameter("bias", fresh->bias.detach());
}

at::Tensor ActivatedConvImpl::plain(const at::Tensor& x) const {
  const at::Tensor y = at::conv2d(x, weight_, bias_, 1, padding_);
  return residual_scale_ == 1 ? y : y * residual_scale_;
}

at::Tensor ActivatedConvImpl::forward(const at::Tensor& x) { return packed() ? (*packed_)(x) : plain(x); }

at::Tensor ActivatedConvImpl::leaky_relu(const at::Tensor& x, double slope) {
  return packed() ? packed_->leaky_relu(x, slope) : at::leaky_relu(plain(x), slope);
}

at::Tensor ActivatedConvImpl::add(const at::Tensor& x, const at::Tensor& other) {
  return packed() ? packed_->add(x, other) : other + plain(x);
}

void ActivatedConvImpl::pack() {
  const at::NoGradGuard no_gradients;
  packed_.emplace(weight_ * residual_scale_, bias_ * residual_scale_, 1, padding_);
}

void pack_convolutions(const torch::nn::Module& network) {
  for (const auto& module : network.modules()) {
    if (auto* conv = module->as<ActivatedConvImpl>()) {
      conv->pack();
    }
  }
}

void prepare_inference(torch::nn::Module& network, const at::Device& device, at::ScalarType type) {
  network.eval();
  network.to(device);
  // Not Module::to(), which would make other numbers of indices too.
  for (std::vector<at::Tensor> tensors : {network.parameters(), network.buffers()}) {
    for (at::Tensor& tensor : tensors) {
      if (tensor.is_floating_point()) {
        tensor.requires_grad_(false);
        tensor.set_data(tensor.to(type));
      }
    }
  }
  use_channels_last(network);
  pack_convolutions(network);
}

}  // namespace samsr
