#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "launch/config.h"

namespace samsr {

/// The arguments `--config FILE` and `key=value …` that verbs share.
class ConfigArguments {
 public:
  void add_to(CLI::App& verb);
  /// True when neither a file nor an override was given.
  bool empty() const { return file_.empty() && overrides_.empty(); }

  /// Defaults, then the file, or, where none is named, the shipped configuration `shipped` (load_shipped_config()) if
  /// that is not empty, then the overrides. UserError naming the place of the first mistake.
  void load(Config& config, Settings& settings, const std::string& shipped = {}) const;

 private:
  std::string file_;
  std::vector<std::string> overrides_;
};

}  // namespace samsr
