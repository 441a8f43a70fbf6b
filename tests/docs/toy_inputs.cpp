// Photographs and weight files of a size to try commands with: toy_inputs FOLDER key=value…
//
// FOLDER/photographs gets the real photographs of the golden files; FOLDER/weights the official models and the metrics'
// networks under their published names, their numbers by the rule of the golden files. The models have the sizes of the
// settings (unet.*, autoencoder.*), the metrics' networks their published ones. All are safetensors (pth_file.py).

#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "core/settings.h"
#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/musiq/musiq.h"
#include "models/first_stage/vq_autoencoder.h"
#include "models/perceptual/lpips_network.h"
#include "models/unet/unet_swin.h"
#include "models/weights/load_weights.h"
#include "models/weights/safetensors.h"
#include "support/photographs.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

void write_models(const fs::path& folder, const UNetSettings& unet, const AutoencoderSettings& autoencoder) {
  UNetSwin network(unet);
  fill_by_rule(*network, 0);
  for (const char* name : {"resshift_realsrx4_s15_v1.pth", "SinSR_v1.pth", "SamSR_v1.pth", "SamSR_v2.pth"}) {
    write_safetensors(folder / name, state_of(*network));
  }
  VQModelTorch vq(autoencoder);
  fill_by_rule(*vq, 0);
  write_safetensors(folder / "autoencoder_vq_f4.pth", state_of(*vq));
}

void write_metrics(const fs::path& folder) {
  const auto write = [&](const char* name, const NamedWeights& weights) {
    write_safetensors(folder / name, {{weights.begin(), weights.end()}, {}});
  };
  write("alexnet-owt-7be5be79.pth", weights_by_rule(lpips_trunk_weights(LpipsTrunk::kAlex), 0));
  write("alex.pth", linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 0));
  write("RN50.pt", clip_weights_by_rule(clipiqa_weights(), 0));
  write("musiq_koniq_ckpt-e95806b9.pth", weights_by_rule(musiq_weights(), 0));
}

void write_all(const fs::path& folder, int count, char** overrides) {
  UNetSettings unet;
  AutoencoderSettings autoencoder;
  Settings settings;
  unet.bind(settings);
  autoencoder.bind(settings);
  for (int i = 0; i < count; ++i) {
    settings.apply_override(overrides[i]);
  }
  write_golden_photographs(folder / "photographs");
  fs::create_directories(folder / "weights");
  write_models(folder / "weights", unet, autoencoder);
  write_metrics(folder / "weights");
}

}  // namespace
}  // namespace samsr::testing

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: toy_inputs FOLDER key=value…\n");
    return 2;
  }
  try {
    samsr::testing::write_all(argv[1], argc - 2, argv + 2);
  } catch (const samsr::UserError& error) {
    fmt::print(stderr, "toy_inputs: {}\n", error.what());
    return 2;
  }
  return 0;
}
