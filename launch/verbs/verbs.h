#pragma once
// The verbs of the command line, one file each. A verb adds its subcommand to `app` and runs when that is
// parsed.

#include <CLI/CLI.hpp>
#include <string>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// What every verb has at hand. Outlives the parsing.
struct VerbContext {
  Communicator& communicator;
  Log& log;
  std::string command;  ///< the command line as given
};

void add_data_verbs(CLI::App& app, VerbContext& context);
/// `check` under `data`.
void add_check_verb(CLI::App& data, VerbContext& context);
void add_train_verb(CLI::App& app, VerbContext& context);
void add_upscale_verb(CLI::App& app, VerbContext& context);
void add_eval_verb(CLI::App& app, VerbContext& context);
void add_strip_verb(CLI::App& app, VerbContext& context);
void add_table_verb(CLI::App& app, VerbContext& context);
void add_card_verb(CLI::App& app, VerbContext& context);
void add_weights_verbs(CLI::App& app, VerbContext& context);
void add_settings_verb(CLI::App& app, VerbContext& context);
void add_version_verb(CLI::App& app, VerbContext& context);

/// UserError with the nearest name for a verb, also one below another (`data biuld`), that `app` lacks: CLI11 says of a
/// misspelt one only that one is required.
void check_verb_name(const CLI::App& app, int argc, char** argv);

}  // namespace samsr
