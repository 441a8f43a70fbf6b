#pragma once
// The verbs of the command line, one file each. A verb adds its subcommand to `app` and runs when that is
// parsed.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <initializer_list>
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
/// `check` and `imagenet-test` under `data`.
void add_check_verb(CLI::App& data, VerbContext& context);
void add_imagenet_test_verb(CLI::App& data, VerbContext& context);
void add_train_verb(CLI::App& app, VerbContext& context);
void add_upscale_verb(CLI::App& app, VerbContext& context);
void add_eval_verb(CLI::App& app, VerbContext& context);
void add_bench_table_verb(CLI::App& app, VerbContext& context);
void add_strip_verb(CLI::App& app, VerbContext& context);
void add_table_verb(CLI::App& app, VerbContext& context);
void add_card_verb(CLI::App& app, VerbContext& context);
void add_status_verb(CLI::App& app, VerbContext& context);
void add_weights_verbs(CLI::App& app, VerbContext& context);
void add_settings_verb(CLI::App& app, VerbContext& context);
void add_version_verb(CLI::App& app, VerbContext& context);

/// --steps, ModelArgument::steps, and the settings of which it stands for one.
inline constexpr std::initializer_list<const char*> kStepsKeys = {"upscale.steps", "upscale.ddim_steps"};
inline constexpr const char* kStepsHelp =
    "steps of a flow map (upscale.steps), or LDM-SR's (upscale.ddim_steps); other models have none to choose";

/// To be called before parsing. UserError with the nearest name for a verb, also one below another (`data biuld`), or
/// an option that `app` lacks: CLI11 says of a misspelt one only that another is required. Parsing then throws
/// UserError for empty values too.
void check_command_line(CLI::App& app, int argc, char** argv);

/// Check for an option: a whole number, not below `least`. CLI11's own print the largest double
/// and take what is too large for the largest number.
std::function<std::string(const std::string&)> whole_number(std::int64_t least);

}  // namespace samsr
