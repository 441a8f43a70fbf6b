#include "launch/model_argument.h"

#include "core/error.h"
#include "core/nearest_name.h"
#include "models/embedded/embedded_student.h"
#include "models/weights/find_weights.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAutoencoder = "autoencoder_vq_f4";

/// The catalogue's entry of a model whose file is called so; null for other files.
const OfficialFile* official_model(const OfficialFiles& catalogue, const fs::path& path) {
  if (fs::is_directory(path)) {
    return nullptr;
  }
  const OfficialFile* entry = catalogue.entry(path.filename().string());
  if (entry == nullptr && path.extension() == ".safetensors") {
    entry = catalogue.entry(path.stem().string());
  }
  return entry != nullptr && !entry->kind.empty() ? entry : nullptr;
}

fs::path weights_of(const std::string& argument, const OfficialFiles& catalogue, const OfficialFile* official,
                    Log& log) {
  if (!fs::exists(argument) && official != nullptr && !fs::path(argument).has_parent_path()) {
    const auto found = catalogue.find(official->name);
    if (!found) {
      throw UserError("{}", catalogue.how_to_get(official->name));
    }
    return *found;
  }
  if (!fs::exists(argument)) {
    std::vector<std::string> models{kEmbeddedModel};
    for (const OfficialFile& file : catalogue.files()) {
      if (!file.kind.empty()) {
        models.push_back(file.file);
      }
    }
    const std::string near = nearest_name(fs::path(argument).filename().string(), models);
    throw UserError("{}: no such file, folder or official model{}", argument,
                    near.empty() ? "" : ", did you mean '" + near + "'?");
  }
  return find_weights(argument, log);
}

/// Where the autoencoder of an official model lies when no setting names it.
fs::path autoencoder_of(const fs::path& model, const OfficialFiles& catalogue) {
  const fs::path beside = model.parent_path() / catalogue.entry(kAutoencoder)->file;
  if (fs::exists(beside)) {
    return beside;
  }
  const auto found = catalogue.find(kAutoencoder);
  if (!found) {
    throw UserError("{}, or set first_stage.weights to where it lies", catalogue.how_to_get(kAutoencoder));
  }
  return *found;
}

}  // namespace

std::string shipped_config_of(const std::string& argument) {
  const OfficialFiles catalogue{OfficialFilesSettings()};
  const OfficialFile* official = official_model(catalogue, argument);
  return official == nullptr ? std::string() : official->config;
}

LoadedModel load_model_argument(const std::string& argument, const Config& config, Log& log) {
  if (argument == kEmbeddedModel) {
    LoadedModel loaded = load_model(embedded_student(), "the embedded student", config.model.first_stage.weights);
    log.info("model: the embedded student (see models/embedded/MODEL_CARD.md)");
    return loaded;
  }
  const OfficialFiles catalogue(config.weights);
  const OfficialFile* official = official_model(catalogue, argument);
  const fs::path weights = weights_of(argument, catalogue, official, log);
  std::string first_stage = config.model.first_stage.weights;
  if (official != nullptr && first_stage.empty() && config.model.first_stage.type == "vq_f4") {
    first_stage = autoencoder_of(weights, catalogue).string();
  }
  LoadedModel loaded = load_model(weights, first_stage, &config.model);
  if (loaded.own_settings) {
    log.info("model: {}", weights.string());
  } else if (official != nullptr) {
    const bool student = official->kind == "student";
    loaded.kind = !student ? "teacher" : config.train.recipe == "samsr" ? "sam_student" : "student";
    log.info("model: {}, official {}; autoencoder: {}", weights.string(), official->kind, first_stage);
  } else {
    log.info("model: {}", weights.string());
    log.info(
        "it carries no settings: those of the config and the command line are used, and it is taken for a "
        "teacher; upscale.sampler=one_step for a one-step student");
  }
  return loaded;
}

void find_mask_weights(Config& config, Log& log) {
  const bool sam =
      config.upscale.masks == "sam" || (config.upscale.masks == "auto" && config.build.masks.source == "sam");
  if (!sam || config.upscale.noise == "plain" || !config.build.masks.weights.empty()) {
    return;
  }
  const OfficialFiles catalogue(config.weights);
  for (const char* name : {"sam_vit_b", "sam_vit_l", "sam_vit_h"}) {
    if (const auto found = catalogue.find(name)) {
      config.build.masks.weights = found->string();
      log.info("masks: {}", found->string());
      return;
    }
  }
}

}  // namespace samsr
