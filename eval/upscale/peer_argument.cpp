#include "eval/upscale/peer_argument.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/error.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPredictorName = "DASR_predictor";

DdimSettings ddim_of(const ModelArgument& argument) {
  DdimSettings ddim;
  ddim.ddim_steps = argument.steps.value_or(argument.upscale.peer.ddim_steps);
  ddim.eta = argument.upscale.peer.ddim_eta;
  return ddim;
}

std::unique_ptr<PeerModel> loaded_peer(const ModelArgument& argument, const std::vector<PeerFile>& files, Log& log) {
  std::unique_ptr<PeerModel> model = load_peer(files, ddim_of(argument));
  const PeerTraits& traits = model->traits();
  std::string sources = files.front().source;
  for (std::size_t i = 1; i < files.size(); ++i) {
    sources += " and " + files[i].source;
  }
  log.info("model: {}, told from its tensors: {}, {}, x{}{}", sources, traits.network, traits.sizes, traits.scale,
           files.front().file.metadata.contains("picked")
               ? fmt::format("; picked: {}", files.front().file.metadata.at("picked"))
               : "");
  for (const auto& [key, place] : argument.given) {
    log.warning("{} ({}) has no effect: the sizes of {} follow from its tensors", key, place, traits.network);
  }
  return model;
}

/// Where DASR's second file lies; empty when it is not to be found.
fs::path predictor_of(const ModelArgument& argument, const fs::path& generator) {
  if (!argument.upscale.peer.predictor.empty()) {
    return argument.upscale.peer.predictor;
  }
  const OfficialFiles catalogue(argument.files);
  const fs::path beside = generator.parent_path() / catalogue.entry(kPredictorName)->file;
  return fs::is_regular_file(beside) ? beside : catalogue.find(kPredictorName).value_or(fs::path());
}

bool is_weights_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".pth" || extension == ".pt" || extension == ".ckpt" || extension == ".safetensors";
}

}  // namespace

std::unique_ptr<PeerModel> load_peer_argument(const ModelArgument& argument, const ArgumentWeights& weights, Log& log) {
  const PeerKind kind = peer_kind(weights.file);
  if (kind == PeerKind::kNone) {
    return nullptr;
  }
  std::vector<PeerFile> files{{weights.file, weights.path.string()}};
  if (kind == PeerKind::kDasrGenerator) {
    if (const fs::path predictor = predictor_of(argument, weights.path); !predictor.empty()) {
      files.push_back({read_weights(predictor), predictor.string()});
    }
  } else if (!argument.upscale.peer.predictor.empty()) {
    throw UserError("upscale.predictor is DASR's second file, and {} is not its first: leave it out",
                    weights.path.string());
  }
  return loaded_peer(argument, files, log);
}

std::unique_ptr<PeerModel> load_peer_folder(const ModelArgument& argument, Log& log) {
  const fs::path folder = argument.path;
  if (!fs::is_directory(folder) || fs::exists(folder / kCheckpointState) || fs::exists(folder / kBestFile) ||
      !checkpoint_folders(folder).empty()) {
    return nullptr;
  }
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && is_weights_name(entry.path())) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<PeerFile> generators;
  std::vector<PeerFile> predictors;
  for (const fs::path& path : paths) {
    PeerFile each{read_weights(path), path.string()};
    const PeerKind kind = peer_kind(each.file);
    if (kind == PeerKind::kDasrGenerator) {
      generators.push_back(std::move(each));
    } else if (kind == PeerKind::kDasrPredictor) {
      predictors.push_back(std::move(each));
    }
  }
  if (generators.empty() && predictors.empty()) {
    return nullptr;
  }
  if (generators.size() != 1 || predictors.size() != 1) {
    throw UserError(
        "{}: holds {} of DASR's networks and {} of its predictors, expected one of each; name them with "
        "--model and upscale.predictor",
        folder.string(), generators.size(), predictors.size());
  }
  return loaded_peer(argument, {generators.front(), predictors.front()}, log);
}

}  // namespace samsr
