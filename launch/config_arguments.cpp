#include "launch/config_arguments.h"

#include <algorithm>

#include "core/error.h"
#include "degradation/presets.h"
#include "launch/shipped_config.h"

namespace samsr {

void ConfigArguments::add_to(CLI::App& verb) {
  verb.add_option("--config", file_, "YAML file of settings (see configs/)");
  add_overrides_to(verb);
}

void ConfigArguments::add_overrides_to(CLI::App& verb) {
  verb.add_option("overrides", overrides_, "settings as key=value, such as train.lr=1e-4; they win over the file");
}

void ConfigArguments::load(Config& config, Settings& settings, const std::string& shipped) const {
  config.bind(settings);
  if (!file_.empty()) {
    settings.load_file(file_);
  } else if (!shipped.empty()) {
    load_shipped_config(shipped, settings);
  }
  finish(config, settings);
}

void ConfigArguments::load_on(const std::string& option, const std::function<void(Config&, Settings&)>& base,
                              Config& config, Settings& settings) const {
  if (!file_.empty()) {
    throw UserError("{} takes the settings of a data set, --config {} those of a file; give one of them", option,
                    file_);
  }
  config.bind(settings);
  base(config, settings);
  finish(config, settings);
}

bool ConfigArguments::sets(const std::string& key) const {
  return std::any_of(overrides_.begin(), overrides_.end(),
                     [&](const std::string& assignment) { return assignment.starts_with(key + "="); });
}

void ConfigArguments::check_alone(const std::string& option, std::initializer_list<const char*> keys) const {
  for (const char* key : keys) {
    if (sets(key)) {
      throw UserError("{} is short for {}, which is set too: give one of them", option, key);
    }
  }
}

void ConfigArguments::finish(Config& config, Settings& settings) const {
  for (const std::string& assignment : overrides_) {
    settings.apply_override(assignment);
  }
  const std::string& preset = config.build.degradation.preset;
  settings.load_unset(degradation_preset(preset), "degradation.preset " + preset);
  config.train.check(settings);
  config.share();
}

}  // namespace samsr
