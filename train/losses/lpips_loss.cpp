#include "train/losses/lpips_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "models/layers/autocast.h"

namespace samsr {

LpipsLoss::LpipsLoss(LpipsNetwork network, double weight) : network_(std::move(network)), weight_(weight) {}

at::Tensor LpipsLoss::of(const at::Tensor& prediction, const at::Tensor& truth) const {
  const Autocast plain(prediction.device(), false);  // differences of nearly equal features
  const auto input = [](const at::Tensor& images) { return (images.to(at::kFloat) + 1) / 2; };
  return network_.distance(input(prediction.clamp(-1, 1)), input(truth)).to(at::kFloat);
}

std::shared_ptr<const LpipsLoss> make_lpips_loss(const ResShiftSettings& settings, const OfficialFilesSettings& files,
                                                 c10::Device device, Log& log) {
  if (settings.lambda_lpips == 0) {
    return nullptr;
  }
  const OfficialFiles catalogue(files);
  const auto file_of = [&](const char* name) {
    const auto found = catalogue.find(name);
    if (!found) {
      throw UserError("resshift.lambda_lpips is {}: {}, or set resshift.lambda_lpips=0", settings.lambda_lpips,
                      catalogue.how_to_get(name));
    }
    return *found;
  };
  const std::filesystem::path trunk = file_of("vgg16");
  const std::filesystem::path linear = file_of("lpips_vgg");
  log.info("lpips        {} × LPIPS of the decoded prediction, {} and {}", settings.lambda_lpips, trunk.string(),
           linear.string());
  return std::make_shared<const LpipsLoss>(
      read_lpips_network(LpipsTrunk::kVgg, trunk, linear, device, /*passes_gradients=*/true), settings.lambda_lpips);
}

}  // namespace samsr
