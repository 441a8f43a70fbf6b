#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "launch/config.h"

namespace samsr {

/// The arguments `--config FILE` and `key=value …` that verbs share.
class ConfigArguments {
 public:
  void add_to(CLI::App& verb);
  /// `key=value …` alone, for verbs that have a shipped configuration for each of several models.
  void add_overrides_to(CLI::App& verb);
  /// True when neither a file nor an override was given.
  bool empty() const { return file_.empty() && overrides_.empty(); }

  /// Defaults, then the file, or, where none is named, the shipped configuration `shipped` (load_shipped_config()) if
  /// that is not empty, then the overrides. UserError naming the place of the first mistake.
  void load(Config& config, Settings& settings, const std::string& shipped = {}) const;

  /// The same with what `base` sets in the place of a file. UserError where --config names one too; `option`: what
  /// asked for the base, for that message.
  void load_on(const std::string& option, const std::function<void(Config&, Settings&)>& base, Config& config,
               Settings& settings) const;

  /// Whether an override gives `key` a value.
  bool sets(const std::string& key) const;
  /// UserError where the command line sets one of `keys` as well as `option`, which is short for them.
  void check_alone(const std::string& option, std::initializer_list<const char*> keys) const;

 private:
  void finish(Config& config, Settings& settings) const;

  std::string file_;
  std::vector<std::string> overrides_;
};

}  // namespace samsr
