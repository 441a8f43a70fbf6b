#include "eval/upscale/model_argument.h"

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

fs::path weights_of(const std::string& path, const OfficialFiles& catalogue, const OfficialFile* official, Log& log) {
  if (!fs::exists(path) && official != nullptr && !fs::path(path).has_parent_path()) {
    const auto found = catalogue.find(official->name);
    if (!found) {
      throw UserError("{}", catalogue.how_to_get(official->name));
    }
    return *found;
  }
  if (!fs::exists(path)) {
    std::vector<std::string> models{kEmbeddedModel};
    for (const OfficialFile& file : catalogue.files()) {
      if (!file.kind.empty()) {
        models.push_back(file.file);
      }
    }
    throw UserError("{}: no such file, folder or official model{}", path,
                    did_you_mean(fs::path(path).filename().string(), models));
  }
  return find_weights(path, log);
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

std::string shipped_config_of(const std::string& path) {
  const OfficialFiles catalogue{OfficialFilesSettings()};
  const OfficialFile* official = official_model(catalogue, path);
  return official == nullptr ? std::string() : official->config;
}

LoadedModel load_model_argument(const ModelArgument& argument, Log& log) {
  std::string first_stage = argument.model.first_stage.weights;
  if (argument.path == kEmbeddedModel) {
    LoadedModel loaded = load_model(embedded_student(), "the embedded student", first_stage);
    log.info("model: the embedded student (see models/embedded/MODEL_CARD.md)");
    return loaded;
  }
  const OfficialFiles catalogue(argument.files);
  const OfficialFile* official = official_model(catalogue, argument.path);
  const fs::path weights = weights_of(argument.path, catalogue, official, log);
  if (official != nullptr && first_stage.empty() && argument.model.first_stage.type == "vq_f4") {
    first_stage = autoencoder_of(weights, catalogue).string();
  }
  LoadedModel loaded = load_model(weights, first_stage, &argument.model);
  if (loaded.own_settings) {
    log.info("model: {}", weights.string());
  } else if (official != nullptr) {
    if (official->kind == "student") {
      const Method* method = find_method(argument.recipe);
      loaded.method = method != nullptr && method->distils ? method : &method_named("sinsr");
    }
    log.info("model: {}, official {}; autoencoder: {}", weights.string(), official->kind, first_stage);
  } else {
    log.info("model: {}", weights.string());
    log.info(
        "it carries no settings: those of the config and the command line are used, and it is taken for a "
        "teacher; upscale.sampler=one_step for a one-step student");
  }
  return loaded;
}

MaskSettings masks_of(const ModelArgument& argument, Log& log) {
  MaskSettings masks = argument.masks;
  const std::string& asked = argument.upscale.masks;
  const bool sam = asked == "sam" || (asked == "auto" && masks.source == "sam");
  if (!sam || argument.upscale.noise == "plain" || !masks.weights.empty()) {
    return masks;
  }
  const OfficialFiles catalogue(argument.files);
  for (const char* name : {"sam_vit_b", "sam_vit_l", "sam_vit_h"}) {
    if (const auto found = catalogue.find(name)) {
      masks.weights = found->string();
      log.info("masks: {}", found->string());
      break;
    }
  }
  return masks;
}

}  // namespace samsr
