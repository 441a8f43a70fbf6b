#include "train/losses/lpips_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>

#include "core/error.h"
#include "models/layers/autocast.h"

namespace samsr {

LpipsLoss::LpipsLoss(LpipsNetwork network, double weight, bool cut)
    : network_(std::move(network)), weight_(weight), cut_(cut) {}

at::Tensor LpipsLoss::of(const at::Tensor& prediction, const at::Tensor& truth) const {
  const Autocast plain(prediction.device(), false);  // differences of nearly equal features
  const auto input = [](const at::Tensor& images) { return (images.to(at::kFloat) + 1) / 2; };
  return network_.distance(input(cut_ ? prediction.clamp(-1, 1) : prediction), input(truth)).to(at::kFloat);
}

LpipsTrunk lpips_trunk_of(const std::string& net) { return net == "vgg" ? LpipsTrunk::kVgg : LpipsTrunk::kAlex; }

std::shared_ptr<const LpipsLoss> read_lpips_loss(const LpipsTerm& term, const OfficialFilesSettings& files,
                                                 c10::Device device, Log& log) {
  if (term.weight == 0) {
    return nullptr;
  }
  const OfficialFiles catalogue(files);
  const auto file_of = [&](const char* name) {
    const auto found = catalogue.find(name);
    if (!found) {
      throw UserError("{} is {}: {}, or set {}=0", term.setting, term.weight, catalogue.how_to_get(name), term.setting);
    }
    return *found;
  };
  const bool vgg = term.trunk == LpipsTrunk::kVgg;
  const std::filesystem::path trunk = file_of(vgg ? "vgg16" : "alexnet");
  const std::filesystem::path linear = file_of(vgg ? "lpips_vgg" : "lpips_alex");
  LpipsNetwork network = read_lpips_network(term.trunk, trunk, linear, device, /*passes_gradients=*/true);
  if (term.side < network.smallest_side()) {
    throw UserError(
        "{} is {}: {} takes pictures of at least {} pixels a side, and those of the samples have {}; set {}=0",
        term.setting, term.weight, lpips_trunk_name(term.trunk), network.smallest_side(), term.side, term.setting);
  }
  log.info("lpips        {} × LPIPS of the decoded prediction, {} and {}", term.weight, trunk.string(),
           linear.string());
  return std::make_shared<const LpipsLoss>(std::move(network), term.weight, term.cut);
}

}  // namespace samsr
