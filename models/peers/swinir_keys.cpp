// The sizes of a SwinIR from the names and shapes of its weights.

#include <cmath>

#include "core/error.h"
#include "models/peers/peer_keys.h"
#include "models/peers/swinir.h"

namespace samsr {
namespace {

constexpr const char* kFirstBlock = "layers.0.residual_group.blocks.0.";

std::string block_name(std::int64_t layer, std::int64_t block) {
  return fmt::format("layers.{}.residual_group.blocks.{}.", layer, block);
}

std::int64_t root_of(std::int64_t square) { return std::llround(std::sqrt(static_cast<double>(square))); }

/// Upsampler and scale.
void find_upsampler(SwinIrSettings& settings, const PeerKeys& keys, const std::string& source) {
  const std::int64_t convs = keys.count([](std::int64_t i) { return fmt::format("conv_up{}.weight", i + 1); });
  if (convs > 0) {
    settings.upsampler = "nearest+conv";
    settings.upscale = std::int64_t{1} << std::min<std::int64_t>(convs, 16);
    return;
  }
  const std::int64_t shuffles = keys.count([](std::int64_t i) { return fmt::format("upsample.{}.weight", 2 * i); });
  if (shuffles == 0) {
    throw UserError(
        "{}: is a SwinIR that does not enlarge (denoising, JPEG artefacts), which is not among the networks "
        "here; those for super-resolution are",
        source);
  }
  const std::int64_t out = keys.size("upsample.0.weight", 0);
  if (keys.has("conv_before_upsample.0.weight")) {
    settings.upsampler = "pixelshuffle";
    settings.upscale = root_of(out / keys.size("upsample.0.weight", 1)) == 3
                           ? 3
                           : std::int64_t{1} << std::min<std::int64_t>(shuffles, 16);
  } else {
    settings.upsampler = "pixelshuffledirect";
    settings.upscale = root_of(out / settings.in_chans);
  }
}

}  // namespace

bool is_swinir(const TensorFile& file) { return has_key(file, std::string(kFirstBlock) + "attn.qkv.weight"); }

SwinIrSettings swinir_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "SwinIR");
  const std::string first = kFirstBlock;
  SwinIrSettings settings;
  settings.embed_dim = keys.size("conv_first.weight", 0);
  settings.in_chans = keys.size("conv_first.weight", 1);
  settings.window_size = (root_of(keys.size(first + "attn.relative_position_bias_table", 0)) + 1) / 2;
  settings.mlp_ratio =
      static_cast<double>(keys.size(first + "mlp.fc1.weight", 0)) / static_cast<double>(settings.embed_dim);
  settings.resi_connection = keys.has("conv_after_body.0.weight") ? "3conv" : "1conv";
  settings.depths.clear();
  settings.num_heads.clear();
  const auto qkv = [](std::int64_t layer, std::int64_t block) { return block_name(layer, block) + "attn.qkv.weight"; };
  const std::int64_t layers = keys.count([&](std::int64_t layer) { return qkv(layer, 0); });
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    settings.depths.push_back(keys.count([&](std::int64_t block) { return qkv(layer, block); }));
    settings.num_heads.push_back(keys.size(block_name(layer, 0) + "attn.relative_position_bias_table", 1));
  }
  // The mask that official files carry is of the training crops' size.
  if (const std::string mask = block_name(0, 1) + "attn_mask"; keys.has(mask)) {
    settings.img_size = settings.window_size * root_of(keys.size(mask, 0));
  }
  settings.img_size = std::max(settings.img_size, settings.window_size + 1);
  find_upsampler(settings, keys, source);
  try {
    settings.check();
  } catch (const UserError& error) {
    throw UserError("{}: {}", source, error.what());
  }
  return settings;
}

}  // namespace samsr
