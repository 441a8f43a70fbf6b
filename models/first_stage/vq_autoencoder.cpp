#include "models/first_stage/vq_autoencoder.h"

#include <algorithm>

#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"

namespace samsr {
namespace {

/// Latent pixels compared with all codes at a time: bounds the matrix of distances to 128 MiB at 8192 codes.
constexpr std::int64_t kPixelsAtOnce = 4096;

}  // namespace

void AutoencoderSettings::bind(Settings& settings) {
  settings.add("autoencoder.embed_dim", embed_dim, "channels of a code").between(1, 4096);
  settings.add("autoencoder.n_embed", n_embed, "number of codes").between(1, 1 << 24);
  ddconfig.bind(settings, "autoencoder.ddconfig");
}

VQModelTorchImpl::VQModelTorchImpl(const AutoencoderSettings& settings) {
  encoder_ = register_module("encoder", std::make_shared<VqEncoder>(settings.ddconfig));
  decoder_ = register_module("decoder", std::make_shared<VqDecoder>(settings.ddconfig));
  codes_ = torch::nn::Embedding(settings.n_embed, settings.embed_dim);
  register_module("quantize", named_slots({{"embedding", codes_.ptr()}}));
  quant_conv_ = register_module("quant_conv", conv(settings.ddconfig.z_channels, settings.embed_dim, 1));
  post_quant_conv_ = register_module("post_quant_conv", conv(settings.embed_dim, settings.ddconfig.z_channels, 1));
}

at::Tensor VQModelTorchImpl::encode(const at::Tensor& image) { return quant_conv_(encoder_->forward(image)); }

VQModelTorchImpl::Quantized VQModelTorchImpl::quantize(const at::Tensor& latent) {
  TORCH_CHECK(latent.dim() == 4 && latent.size(1) == codes_->weight.size(1), "VQModelTorch: latent must be (B,",
              codes_->weight.size(1), ",h,w), got ", latent.sizes());
  at::Tensor indices;
  at::Tensor nearest;
  {
    const torch::NoGradGuard no_grad;
    // Which code is nearest must not depend on the precision that the networks around run in.
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const at::Tensor codes = codes_->weight.to(torch::kFloat32);
    const at::Tensor pixels = latent.to(torch::kFloat32).permute({0, 2, 3, 1}).reshape({-1, codes.size(1)});
    const at::Tensor squares = codes.square().sum(1);
    const at::Tensor transposed = codes.t();
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < pixels.size(0); first += kPixelsAtOnce) {
      const at::Tensor part = pixels.slice(0, first, std::min(first + kPixelsAtOnce, pixels.size(0)));
      parts.push_back(at::addmm(squares, part, transposed, 1, -2).argmin(1));
    }
    indices = at::cat(parts);
    nearest = codes.index_select(0, indices)
                  .view({latent.size(0), latent.size(2), latent.size(3), codes.size(1)})
                  .permute({0, 3, 1, 2})
                  .to(latent.scalar_type());
  }
  if (latent.requires_grad()) {
    nearest = latent + (nearest - latent).detach();
  }
  return {nearest, indices};
}

at::Tensor VQModelTorchImpl::decode(const at::Tensor& latent, bool force_not_quantize) {
  return decoder_->forward(post_quant_conv_(force_not_quantize ? latent : quantize(latent).latent));
}

}  // namespace samsr
