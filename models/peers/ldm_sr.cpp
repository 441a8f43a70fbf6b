#include "models/peers/ldm_sr.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"
#include "models/first_stage/vq_weight_count.h"
#include "models/peers/peer_keys.h"
#include "models/weights/held_weights.h"
#include "models/weights/load_weights.h"

namespace samsr {
namespace {

constexpr const char* kLdmUNet = "model.diffusion_model.";
constexpr const char* kLdmFirstStage = "first_stage_model.";
constexpr const char* kLdmAverage = "model_ema.";
constexpr const char* kLdmScaleFactor = "scale_factor";
/// What the training program keeps beside the weights: constants of its schedule.
constexpr std::array<const char*, 14> kLdmSchedule = {"betas",
                                                      "alphas_cumprod",
                                                      "alphas_cumprod_prev",
                                                      "sqrt_alphas_cumprod",
                                                      "sqrt_one_minus_alphas_cumprod",
                                                      "log_one_minus_alphas_cumprod",
                                                      "sqrt_recip_alphas_cumprod",
                                                      "sqrt_recipm1_alphas_cumprod",
                                                      "posterior_variance",
                                                      "posterior_log_variance_clipped",
                                                      "posterior_mean_coef1",
                                                      "posterior_mean_coef2",
                                                      "lvlb_weights",
                                                      "logvar"};

/// The tensors under the names of the moving average, which have no dots, in the place of those trained.
TensorFile averaged_unet(TensorFile unet, const TensorFile& average, const std::string& source) {
  if (average.tensors.empty()) {
    return unet;
  }
  for (auto& [name, tensor] : unet.tensors) {
    std::string flat = "diffusion_model" + name;
    std::erase(flat, '.');
    const auto found = std::find_if(average.tensors.begin(), average.tensors.end(),
                                    [&](const auto& each) { return each.first == flat; });
    if (found == average.tensors.end()) {
      throw UserError("{}: has a moving average (model_ema) without {}", source, flat);
    }
    tensor = found->second;
  }
  return unet;
}

void check_ldm_keys(const TensorFile& file, const std::string& source) {
  for (const auto& [name, tensor] : file.tensors) {
    const auto begins = [&each = name](const char* prefix) { return each.starts_with(prefix); };
    const bool known = begins(kLdmUNet) || begins(kLdmFirstStage) || begins(kLdmAverage) || name == kLdmScaleFactor ||
                       std::find(kLdmSchedule.begin(), kLdmSchedule.end(), name) != kLdmSchedule.end();
    if (!known) {
      throw UserError("{}: the weights do not fit LDM-SR; unexpected: {}", source, name);
    }
  }
}

FirstStageSettings first_stage_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "the first stage of LDM-SR");
  FirstStageSettings settings;
  AutoencoderSettings& autoencoder = settings.autoencoder;
  DdConfig& config = autoencoder.ddconfig;
  autoencoder.n_embed = keys.size("quantize.embedding.weight", 0);
  autoencoder.embed_dim = keys.size("quantize.embedding.weight", 1);
  config.z_channels = keys.size("quant_conv.weight", 1);
  config.ch = keys.size("encoder.conv_in.weight", 0);
  config.in_channels = keys.size("encoder.conv_in.weight", 1);
  config.out_ch = keys.size("decoder.conv_out.weight", 0);
  const auto block = [](std::int64_t level, std::int64_t i) {
    return fmt::format("encoder.down.{}.block.{}.conv1.weight", level, i);
  };
  const std::int64_t levels = keys.count([&](std::int64_t level) { return block(level, 0); });
  if (levels < 1 || levels > 8) {
    throw UserError("{}: its first stage has {} levels, expected 1 to 8", source, levels);
  }
  config.num_res_blocks = keys.count([&](std::int64_t i) { return block(0, i); });
  config.ch_mult.clear();
  for (std::int64_t level = 0; level < levels; ++level) {
    config.ch_mult.push_back(keys.size(block(level, 0), 0) / config.ch);
  }
  return settings;
}

}  // namespace

at::Tensor ldm_noise(LdmUNet& unet, const at::Tensor& x, const at::Tensor& lr, const at::Tensor& timesteps) {
  return unet->forward(at::cat({x, lr}, 1), timesteps);
}

at::Tensor sample_ldm(LdmUNet& unet, const Ddim& ddim, const at::Tensor& lr, const at::Tensor& noise) {
  TORCH_CHECK(noise.dim() == 5 && noise.size(0) == ddim.steps() + 1, "sample_ldm: noise must be (", ddim.steps() + 1,
              ",B,C,h,w), got ", noise.sizes());
  at::Tensor x = noise[0];
  for (std::int64_t i = ddim.steps(); i-- > 0;) {
    const at::Tensor timesteps = torch::full({lr.size(0)}, ddim.timesteps()[static_cast<std::size_t>(i)],
                                             torch::dtype(torch::kInt64).device(lr.device()));
    x = ddim.step(i, x, ldm_noise(unet, x, lr, timesteps), noise[ddim.steps() - i]).x_prev;
  }
  return x;
}

bool is_ldm_sr(const TensorFile& file) {
  return has_key(file, std::string(kLdmUNet) + "input_blocks.0.0.weight") &&
         has_key(file, std::string(kLdmFirstStage) + "decoder.conv_in.weight");
}

LdmSr load_ldm_sr(const TensorFile& file, const std::string& source) {
  check_ldm_keys(file, source);
  const TensorFile trained = below_prefix(file, kLdmUNet);
  const LdmUNetSettings settings = ldm_unet_settings_of(trained, source);
  const TensorFile stage = below_prefix(file, kLdmFirstStage);
  FirstStageSettings stage_settings = first_stage_settings_of(stage, source);
  if (const at::Tensor factor = PeerKeys(file, source, "LDM-SR").tensor(kLdmScaleFactor); factor.defined()) {
    TORCH_CHECK(factor.numel() == 1, source, ": its scale_factor is ", factor.sizes(), ", expected one number");
    stage_settings.scale_factor = factor.to(torch::kFloat64).item<double>();
  }
  if (settings.out_channels != stage_settings.latent_channels() || settings.in_channels != settings.out_channels + 3) {
    throw UserError(
        "{}: its UNet takes {} channels and gives {}, and its first stage has latents of {}; expected those "
        "of the latent, and three more of the picture",
        source, settings.in_channels, settings.out_channels, stage_settings.latent_channels());
  }
  LdmSr loaded;
  check_held_weights(trained, settings.weight_count(), source);
  loaded.unet = LdmUNet(settings);
  load_weights(*loaded.unet, averaged_unet(trained, below_prefix(file, kLdmAverage), source), source);
  check_held_weights(stage, vq_weight_count(stage_settings.autoencoder), source);
  loaded.autoencoder = VQModelTorch(stage_settings.autoencoder);
  load_weights(*loaded.autoencoder, stage, source);
  loaded.decoder_channels = stage_settings.autoencoder.ddconfig.ch;
  loaded.first_stage = make_vq_first_stage(loaded.autoencoder, stage_settings);
  return loaded;
}

}  // namespace samsr
