#pragma once
// Files of compared methods' networks, small, with weights by rule (tests/golden/README.md) and official names.

#include <cstdint>
#include <string>
#include <vector>

#include "models/first_stage/vq_autoencoder.h"
#include "models/peers/dasr.h"
#include "models/peers/ldm_unet.h"
#include "models/peers/peer_model.h"
#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"
#include "models/peers/swinir.h"
#include "models/weights/load_weights.h"
#include "support/golden.h"

namespace samsr::testing {

template <class Network>
TensorFile file_of(Network network, const std::string& prefix = "", std::uint64_t salt = 1) {
  fill_by_rule(*network, salt);
  TensorFile file = state_of(*network);
  for (auto& [name, tensor] : file.tensors) {
    name = prefix + name;
  }
  return file;
}

/// `salt`: of the weights.
inline TensorFile rrdbnet_file(std::int64_t scale, std::uint64_t salt = 1) {
  RRDBNetSettings settings;
  settings.num_feat = 16;
  settings.num_grow_ch = 8;
  settings.num_block = 1;
  return file_of(RRDBNet(settings.with_basicsr_scale(scale)), "", salt);
}

inline TensorFile srvgg_file() {
  SrvggSettings settings;
  settings.num_feat = 16;
  settings.num_conv = 4;
  return file_of(SRVGGNetCompact(settings));
}

inline TensorFile swinir_file(const std::string& upsampler, const std::string& connection) {
  SwinIrSettings settings;
  settings.depths = {2};
  settings.num_heads = {2};
  settings.embed_dim = 24;
  settings.img_size = 16;
  settings.upsampler = upsampler;
  settings.resi_connection = connection;
  return file_of(SwinIR(settings));
}

inline DasrGeneratorSettings small_dasr() {
  DasrGeneratorSettings settings;
  settings.num_feat = 16;
  settings.num_block = 2;
  return settings;
}

/// Predictor and network.
inline std::vector<PeerFile> dasr_files() {
  DasrPredictorSettings mixing;
  mixing.nf = 8;
  return {{file_of(DegradationPredictor(mixing)), "net_p"}, {file_of(MSRResNetDynamic(small_dasr())), "net_g"}};
}

inline TensorFile ldm_file() {
  LdmUNetSettings settings;
  settings.model_channels = 32;
  settings.channel_mult = {1, 2};
  settings.attention_resolutions = {2};
  settings.num_res_blocks = 1;
  TensorFile file = file_of(LdmUNet(settings), "model.diffusion_model.");
  AutoencoderSettings autoencoder;
  autoencoder.n_embed = 16;
  autoencoder.ddconfig.ch = 32;
  autoencoder.ddconfig.num_res_blocks = 1;
  TensorFile stage = file_of(VQModelTorch(autoencoder), "first_stage_model.");
  file.tensors.insert(file.tensors.end(), stage.tensors.begin(), stage.tensors.end());
  file.tensors.emplace_back("betas", torch::linspace(0.0, 1.0, 10));
  return file;
}

}  // namespace samsr::testing
