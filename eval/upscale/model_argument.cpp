#include "eval/upscale/model_argument.h"

#include "core/error.h"
#include "core/nearest_name.h"
#include "models/embedded/embedded_student.h"
#include "models/super_resolution/adapted_model.h"
#include "models/weights/find_weights.h"
#include "models/weights/weight_file.h"

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

/// `base`, called `source`, with the adapters of the argument, which it names in the log.
TensorFile with_adapters_of(const ModelArgument& argument, TensorFile base, const std::string& source, Log& log) {
  if (argument.lora.empty()) {
    return base;
  }
  const std::vector<WeightedAdapters> adapters = read_adapters(argument.lora, log);
  for (const auto& [each, weight] : adapters) {
    log.info("adapters: {}, rank {}, weight {:g}", each.source, each.rank, weight);
  }
  return with_adapters(std::move(base), source, adapters);
}

/// upscale.scale of the model. UserError where it enlarges by another factor alone.
void choose_scale(LoadedModel& loaded, std::int64_t scale) {
  const std::int64_t own = loaded.model->settings().scale;
  if (scale == 0 || scale == own) {
    return;
  }
  if (!loaded.method->flow_map) {
    throw UserError("{}: enlarges {} times, and upscale.scale is {}; a flow map alone has any factor", loaded.name, own,
                    scale);
  }
  loaded.model->enlarge_by(scale);
}

constexpr const char* kScaleKey = "data.scale";

/// Values of all settings of a model, as YAML, under their keys.
std::map<std::string, std::string> values_of(ModelSettings model) {
  Settings registry;
  model.bind(registry);
  registry.add(kScaleKey, model.scale, "");
  std::map<std::string, std::string> values;
  for (const Settings::Entry& entry : registry.entries()) {
    values[entry.key] = yaml_of(entry.current());
  }
  return values;
}

/// Warns of each setting that the user gave and the model, which carries its own, has otherwise.
void warn_of_settings_without_effect(const ModelArgument& argument, const ModelSettings& carried, Log& log) {
  const std::map<std::string, std::string> asked = values_of(argument.model);
  const std::map<std::string, std::string> own = values_of(carried);
  for (const auto& [key, place] : argument.given) {
    if (asked.at(key) != own.at(key)) {
      const std::string what = place.starts_with("'") ? place : fmt::format("{}: {}={}", place, key, asked.at(key));
      log.warning("{} has no effect: the model carries {}", what, own.at(key));
    }
  }
}

/// UserError where a file has the name of RSD's but not its input layer: others of that name are of ResShift's trainer.
void check_noise_channels(const ModelArgument& argument, const ModelSettings& found, const fs::path& weights,
                          const OfficialFile& official) {
  if (argument.model.unet.noise_channels > 0 && found.unet.noise_channels == 0) {
    throw UserError(
        "{}: has the name of {}'s student, but no channel of noise in its input layer; rename it, and name "
        "its settings with --config",
        weights.string(), official.name);
  }
}

}  // namespace

std::string source_of(const ModelArgument& argument) {
  std::string source = argument.path;
  for (const LoraArgument& lora : argument.lora) {
    source += fmt::format(" + {:g} · {}", lora.weight, lora.path);
  }
  return source;
}

std::map<std::string, std::string> model_settings_given(const Settings& settings) {
  std::map<std::string, std::string> given;
  for (const auto& [key, value] : values_of({})) {
    if (const std::string origin = settings.origin(key); origin != "default") {
      given[key] = origin;
    }
  }
  return given;
}

std::string shipped_config_of(const std::string& path) {
  const OfficialFiles catalogue{OfficialFilesSettings()};
  const OfficialFile* official = official_model(catalogue, path);
  return official == nullptr ? std::string() : official->config;
}

ArgumentWeights read_argument(const ModelArgument& argument, Log& log) {
  const OfficialFiles catalogue(argument.files);
  const fs::path path = weights_of(argument.path, catalogue, official_model(catalogue, argument.path), log);
  return {path, read_weights(path)};
}

LoadedModel load_model_argument(const ModelArgument& argument, Log& log) {
  if (argument.path == kEmbeddedModel) {
    const std::string source = "the embedded student";
    LoadedModel loaded = load_model(with_adapters_of(argument, embedded_student(), source, log), source,
                                    argument.model.first_stage.weights);
    choose_scale(loaded, argument.upscale.scale);
    log.info("model: the embedded student (see models/embedded/MODEL_CARD.md)");
    warn_of_settings_without_effect(argument, loaded.model->settings(), log);
    return loaded;
  }
  return load_model_argument(argument, read_argument(argument, log), log);
}

LoadedModel load_model_argument(const ModelArgument& argument, const ArgumentWeights& read, Log& log) {
  std::string first_stage = argument.model.first_stage.weights;
  const fs::path& weights = read.path;
  const OfficialFiles catalogue(argument.files);
  const OfficialFile* official = official_model(catalogue, argument.path);
  if (official != nullptr && official->kind == kPeerFile) {
    official = nullptr;  // in name alone: its tensors are not a compared method's
  }
  if (official != nullptr && first_stage.empty() && argument.model.first_stage.type == "vq_f4") {
    first_stage = autoencoder_of(weights, catalogue).string();
  }
  LoadedModel loaded =
      load_model(with_adapters_of(argument, whole_model(read.file, weights.string()), weights.string(), log),
                 weights.string(), first_stage, &argument.model);
  choose_scale(loaded, argument.upscale.scale);
  if (loaded.own_settings) {
    log.info("model: {}", weights.string());
    warn_of_settings_without_effect(argument, loaded.model->settings(), log);
  } else if (official != nullptr) {
    check_noise_channels(argument, loaded.model->settings(), weights, *official);
    if (official->kind == "student" && !loaded.method->one_step) {
      const Method* method = find_method(argument.recipe);
      loaded.method = method != nullptr && method->distils ? method : &method_named("sinsr");
    }
    log.info("model: {}, official {}; autoencoder: {}", weights.string(), official->kind, first_stage);
  } else {
    log.info("model: {}", weights.string());
    log.info("it carries no settings: those of the config and the command line are used, and it is taken for {}",
             loaded.method->flow_map   ? "a flow map, which embeds intervals and prompts"
             : loaded.method->one_step ? "RSD's student, whose input layer has channels of noise"
                                       : "a teacher; upscale.sampler=one_step for a one-step student");
  }
  return loaded;
}

bool needs_official_masks(const ModelArgument& argument) {
  const std::string& asked = argument.upscale.masks;
  const bool sam = asked == "sam" || (asked == "auto" && argument.masks.source == "sam");
  return sam && argument.upscale.noise != "plain" && argument.masks.weights.empty();
}

MaskSettings masks_of(const ModelArgument& argument, Log& log) {
  MaskSettings masks = argument.masks;
  if (!needs_official_masks(argument)) {
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
