#include "models/peers/peer_model.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "models/layers/activated_conv.h"
#include "models/peers/dasr.h"
#include "models/peers/ldm_sr.h"
#include "models/peers/peer_keys.h"
#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"
#include "models/peers/swinir.h"
#include "models/weights/held_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

constexpr const char* kGeneratorPrefix = "net_g.";
constexpr const char* kPredictorPrefix = "net_p.";

/// A network that sees its part of the picture and nothing else.
template <class Network>
class PlainPeer : public PeerModel {
 public:
  PlainPeer(PeerTraits traits, const Network& network)
      : PeerModel(std::move(traits), {network.ptr()}), network_(network.ptr()) {}

 private:
  at::Tensor enlarged(const at::Tensor& parts, const at::Tensor& /*shared*/,
                      const at::Tensor& /*noise*/) const override {
    return network_->forward(parts);
  }

  // Shared, so that its forward function, which torch declares non-const, can be called from const ones.
  const std::shared_ptr<typename Network::ContainedType> network_;
};

class DasrPeer : public PeerModel {
 public:
  DasrPeer(PeerTraits traits, const MSRResNetDynamic& generator, const DegradationPredictor& predictor)
      : PeerModel(std::move(traits), {generator.ptr(), predictor.ptr()}),
        generator_(generator.ptr()),
        predictor_(predictor.ptr()) {}

  at::Tensor of_picture(const at::Tensor& picture) const override {
    const at::NoGradGuard no_gradients;
    return predictor_->forward(picture.to(device(), type())).shares;
  }

 private:
  at::Tensor enlarged(const at::Tensor& parts, const at::Tensor& shared, const at::Tensor& /*noise*/) const override {
    return generator_->forward(parts, shared.expand({parts.size(0), -1}));
  }

  const std::shared_ptr<MSRResNetDynamicImpl> generator_;
  const std::shared_ptr<DegradationPredictorImpl> predictor_;
};

class LdmPeer : public PeerModel {
 public:
  LdmPeer(PeerTraits traits, const LdmSr& ldm, const Ddim& ddim)
      : PeerModel(std::move(traits), {ldm.unet.ptr(), ldm.autoencoder.ptr()}), ldm_(ldm), ddim_(ddim) {}

 private:
  at::Tensor enlarged(const at::Tensor& parts, const at::Tensor& /*shared*/, const at::Tensor& noise) const override {
    LdmUNet unet(ldm_.unet.ptr());
    const at::Tensor latent = sample_ldm(unet, ddim_, parts * 2 - 1, noise);
    return (ldm_.first_stage->decode(latent) + 1) / 2;
  }

  const LdmSr ldm_;
  const Ddim ddim_;
};

/// UserError unless the network takes and gives colours.
void check_colours(std::int64_t in, std::int64_t out, const PeerTraits& traits, const std::string& source) {
  if (in != 3 || out != 3) {
    throw UserError("{}: is a {} for pictures of {} channels that gives {}; RGB is needed", source, traits.network, in,
                    out);
  }
}

/// The network of `settings` with the weights of the file.
template <class Network, class SettingsOf>
Network loaded_network(const SettingsOf& settings, const PeerFile& from) {
  check_held_weights(from.file, settings.weight_count(), from.source);
  Network network(settings);
  load_weights(*network, from.file, from.source);
  return network;
}

std::unique_ptr<PeerModel> load_rrdbnet(const PeerFile& from) {
  const PeerFile renamed{with_basicsr_names(from.file), from.source};
  const RRDBNetSettings settings = rrdbnet_settings_of(renamed.file, from.source);
  PeerTraits traits{.network = "RRDBNet",
                    .sizes = fmt::format("{} blocks of {}", settings.num_block, settings.num_feat),
                    .scale = settings.scale(),
                    .multiple = settings.unshuffle,
                    .reach = settings.reach()};
  const auto ups = static_cast<double>(std::int64_t{1} << (2 * settings.doublings));
  const double folded = 1.0 / static_cast<double>(settings.unshuffle * settings.unshuffle);
  traits.numbers_per_pixel =
      folded * std::max(2.0 * static_cast<double>(2 * settings.num_feat + 4 * settings.num_grow_ch),
                        3.0 * ups * static_cast<double>(settings.num_feat));
  check_colours(settings.num_in_ch, settings.num_out_ch, traits, from.source);
  return std::make_unique<PlainPeer<RRDBNet>>(traits, loaded_network<RRDBNet>(settings, renamed));
}

std::unique_ptr<PeerModel> load_srvgg(const PeerFile& from) {
  const SrvggSettings settings = srvgg_settings_of(from.file, from.source);
  PeerTraits traits{.network = "SRVGGNetCompact",
                    .sizes = fmt::format("{} convolutions of {}", settings.num_conv, settings.num_feat),
                    .scale = settings.upscale,
                    .reach = settings.reach()};
  traits.numbers_per_pixel =
      3.0 * static_cast<double>(std::max(settings.num_feat, 3 * settings.upscale * settings.upscale));
  check_colours(settings.num_in_ch, settings.num_out_ch, traits, from.source);
  return std::make_unique<PlainPeer<SRVGGNetCompact>>(traits, loaded_network<SRVGGNetCompact>(settings, from));
}

std::unique_ptr<PeerModel> load_swinir(const PeerFile& from) {
  const SwinIrSettings settings = swinir_settings_of(from.file, from.source);
  PeerTraits traits{
      .network = "SwinIR",
      .sizes = fmt::format("{} layers of {}, {}", settings.depths.size(), settings.embed_dim, settings.upsampler),
      .scale = settings.upscale,
      .multiple = settings.window_size,
      .padding = PeerPadding::kFlipped};
  for (const std::int64_t depth : settings.depths) {
    traits.reach += depth * settings.window_size + 1;
  }
  constexpr double kFeatures = 64;
  traits.numbers_per_pixel = std::max(12.0 * static_cast<double>(settings.embed_dim),
                                      3.0 * kFeatures * static_cast<double>(settings.upscale * settings.upscale));
  check_colours(settings.in_chans, settings.in_chans, traits, from.source);
  return std::make_unique<PlainPeer<SwinIR>>(traits, loaded_network<SwinIR>(settings, from));
}

std::unique_ptr<PeerModel> load_dasr(const PeerFile& generator, const PeerFile& predictor) {
  const DasrGeneratorSettings settings = dasr_generator_settings_of(generator.file, generator.source);
  const DasrPredictorSettings mixing = dasr_predictor_settings_of(predictor.file, predictor.source);
  if (mixing.num_networks != settings.num_models) {
    throw UserError("{}: mixes {} experts, but {} has {}: the two files are not of one DASR", predictor.source,
                    mixing.num_networks, generator.source, settings.num_models);
  }
  PeerTraits traits{
      .network = "DASR",
      .sizes = fmt::format("{} blocks of {}, {} experts", settings.num_block, settings.num_feat, settings.num_models),
      .scale = settings.upscale,
      .reach = settings.reach(),
      .looks_at_whole = true};
  traits.numbers_per_pixel = 3.0 * static_cast<double>(settings.num_feat * settings.upscale * settings.upscale);
  check_colours(settings.num_in_ch, settings.num_out_ch, traits, generator.source);
  check_colours(mixing.in_nc, 3, traits, predictor.source);
  return std::make_unique<DasrPeer>(traits, loaded_network<MSRResNetDynamic>(settings, generator),
                                    loaded_network<DegradationPredictor>(mixing, predictor));
}

std::unique_ptr<PeerModel> load_ldm(const PeerFile& from, const DdimSettings& sampling) {
  const Ddim ddim(sampling);
  const LdmSr ldm = load_ldm_sr(from.file, from.source);
  const LdmUNetSettings& settings = ldm.unet->settings();
  if (settings.out_channels != 3) {
    throw UserError("{}: its latents have {} channels, expected 3, as those of vq-f4", from.source,
                    settings.out_channels);
  }
  PeerTraits traits{
      .network = "LDM-SR",
      .sizes = fmt::format("{} channels, {} DDIM steps, η = {}", settings.model_channels, ddim.steps(), sampling.eta),
      .scale = ldm.first_stage->factor(),
      .multiple = settings.size_multiple(),
      .noise_layers = ddim.steps() + 1,
      .in_bfloat16 = false,
      .tile = 256};
  constexpr double kUNetTensors = 12;     // of model_channels at the size of the latent, at once
  constexpr double kDecoderTensors = 11;  // of the autoencoder's first channels at the size of the result, at once
  traits.numbers_per_pixel =
      std::max(kUNetTensors * static_cast<double>(settings.model_channels),
               kDecoderTensors * static_cast<double>(traits.scale * traits.scale * ldm.decoder_channels));
  return std::make_unique<LdmPeer>(traits, ldm, ddim);
}

const PeerFile* file_of(const std::vector<PeerFile>& files, PeerKind kind) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const PeerFile& each) { return peer_kind(each.file) == kind; });
  return found == files.end() ? nullptr : &*found;
}

/// Names as PyTorch's readers leave them: without what wraps a whole model.
std::vector<PeerFile> unwrapped(std::vector<PeerFile> files) {
  for (PeerFile& each : files) {
    each.file = without_shared_prefix(std::move(each.file), "module.");
    for (const char* of_dasr : {kGeneratorPrefix, kPredictorPrefix}) {
      each.file = without_shared_prefix(std::move(each.file), of_dasr);
    }
  }
  return files;
}

}  // namespace

PeerModel::PeerModel(PeerTraits traits, std::vector<std::shared_ptr<torch::nn::Module>> networks)
    : traits_(std::move(traits)), networks_(std::move(networks)) {
  to(at::kCPU);
}

void PeerModel::to(const at::Device& device, at::ScalarType type) {
  TORCH_CHECK(type == at::kFloat || (type == at::kBFloat16 && traits_.in_bfloat16), traits_.network, " in ", type);
  for (const auto& network : networks_) {
    prepare_inference(*network, device, type);
  }
}

at::Device PeerModel::device() const { return networks_.front()->parameters().front().device(); }

at::ScalarType PeerModel::type() const { return networks_.front()->parameters().front().scalar_type(); }

std::size_t PeerModel::weight_bytes() const {
  std::size_t bytes = 0;
  for (const auto& network : networks_) {
    for (const at::Tensor& parameter : network->parameters()) {
      bytes += parameter.nbytes();
    }
  }
  return bytes;
}

double PeerModel::parameters() const {
  double count = 0;
  for (const auto& network : networks_) {
    for (const at::Tensor& parameter : network->parameters()) {
      count += static_cast<double>(parameter.numel());
    }
  }
  return count;
}

std::uint32_t PeerModel::checksum() const {
  TensorFile all;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    for (auto& [name, tensor] : state_of(*networks_[i]).tensors) {
      all.tensors.emplace_back(fmt::format("{}.{}", i, name), tensor);
    }
  }
  return weights_checksum(all);
}

at::Tensor PeerModel::of_picture(const at::Tensor& /*picture*/) const { return {}; }

at::Tensor PeerModel::enlarge(const at::Tensor& parts, const at::Tensor& shared, const at::Tensor& noise) const {
  TORCH_CHECK(parts.dim() == 4 && parts.size(1) == 3 && parts.size(2) % traits_.multiple == 0 &&
                  parts.size(3) % traits_.multiple == 0,
              traits_.network, ": parts must be (B,3,H,W) with H and W multiples of ", traits_.multiple, ", got ",
              parts.sizes());
  const at::NoGradGuard no_gradients;
  const at::Tensor placed = parts.to(device(), type()).contiguous(at::MemoryFormat::ChannelsLast);
  return enlarged(placed, shared, noise.defined() ? noise.to(placed.options()) : noise).to(at::kFloat);
}

PeerKind peer_kind(const TensorFile& file) {
  const TensorFile named = unwrapped({{file, ""}}).front().file;
  const bool both =
      !below_prefix(named, kGeneratorPrefix).tensors.empty() && !below_prefix(named, kPredictorPrefix).tensors.empty();
  return is_ldm_sr(named)           ? PeerKind::kLdmSr
         : is_rrdbnet(named)        ? PeerKind::kRrdbNet
         : is_swinir(named)         ? PeerKind::kSwinIr
         : is_dasr_generator(named) ? PeerKind::kDasrGenerator
         : is_dasr_predictor(named) ? PeerKind::kDasrPredictor
         : both                     ? PeerKind::kDasr
         : is_srvgg(named)          ? PeerKind::kSrvgg
                                    : PeerKind::kNone;
}

std::unique_ptr<PeerModel> load_peer(const std::vector<PeerFile>& files, const DdimSettings& ddim) {
  TORCH_CHECK(!files.empty(), "load_peer: no file");
  const std::vector<PeerFile> named = unwrapped(files);
  const PeerFile* generator = file_of(named, PeerKind::kDasrGenerator);
  const PeerFile* predictor = file_of(named, PeerKind::kDasrPredictor);
  if (generator != nullptr && predictor != nullptr && named.size() == 2) {
    return load_dasr(*generator, *predictor);
  }
  const PeerFile& only = named.front();
  if (named.size() > 1) {
    throw UserError("{} and {}: are not the two files of a DASR, its network (net_g) and its predictor (net_p)",
                    only.source, named[1].source);
  }
  switch (peer_kind(only.file)) {
    case PeerKind::kRrdbNet:
      return load_rrdbnet(only);
    case PeerKind::kSrvgg:
      return load_srvgg(only);
    case PeerKind::kSwinIr:
      return load_swinir(only);
    case PeerKind::kLdmSr:
      return load_ldm(only, ddim);
    case PeerKind::kDasr: {
      const std::vector<PeerFile> parts{{below_prefix(only.file, kGeneratorPrefix), only.source},
                                        {below_prefix(only.file, kPredictorPrefix), only.source}};
      return load_peer(parts, ddim);
    }
    case PeerKind::kDasrGenerator:
      throw UserError(
          "{}: is DASR's network, whose kernels its predictor mixes, a second file (net_p.pth): name that with "
          "upscale.predictor=FILE, or the folder of both with --model-dir",
          only.source);
    case PeerKind::kDasrPredictor:
      throw UserError(
          "{}: is DASR's predictor; --model names its network (net_g.pth) and upscale.predictor this file, or "
          "--model-dir "
          "the folder of both",
          only.source);
    case PeerKind::kNone:
      break;
  }
  throw UserError("{}: its tensors are those of none of RRDBNet, SRVGGNetCompact, SwinIR, DASR and LDM-SR",
                  only.source);
}

}  // namespace samsr
