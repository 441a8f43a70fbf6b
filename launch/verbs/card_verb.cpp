#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/named_path.h"
#include "core/nested_paths.h"
#include "core/output.h"
#include "launch/verbs/verbs.h"
#include "train/report/model_card.h"

namespace samsr {
namespace {

struct CardArguments {
  std::string text;
  std::string out;
  std::vector<std::string> files;
  std::vector<std::string> runs;
  std::string shards;
  std::string results;
};

/// Each file with the run of its name, in the order of the files.
std::vector<CardModel> card_models(const CardArguments& arguments) {
  std::vector<NamedPath> runs = named_paths(arguments.runs);
  std::vector<CardModel> models;
  for (const std::string& argument : arguments.files) {
    const NamedPath file = NamedPath::parse(argument);
    const auto run =
        std::find_if(runs.begin(), runs.end(), [&](const NamedPath& each) { return each.name == file.name; });
    if (run == runs.end()) {
      throw UserError("--file {}: no run of that name; give it with --run {}=DIR", argument, file.name);
    }
    models.push_back({file.name, file.path, run->path});
    runs.erase(run);
  }
  if (!runs.empty()) {
    throw UserError("--run {}: no file of that name; give it with --file {}=FILE", runs.front().name,
                    runs.front().name);
  }
  return models;
}

}  // namespace

void add_card_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb =
      app.add_subcommand("card", "writes the page that goes with trained models, from what their runs recorded");
  auto arguments = std::make_shared<CardArguments>();
  verb->add_option(
          "text", arguments->text,
          "Markdown with the places {{files}}, {{data}}, {{training}}, {{figures}}, as configs/embedded/model_card.md")
      ->required();
  verb->add_option("out", arguments->out, "file to write")->required();
  verb->add_option("--file", arguments->files, "weights, as NAME=FILE.safetensors; may be repeated")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--run", arguments->runs, "the folder of the run that trained them, as NAME=DIR; one for each file")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--data", arguments->shards, "folder of shards they were trained on")->required();
  verb->add_option("--results", arguments->results, "results.json of `samsr eval`, or its folder")->required();
  verb->callback([&context, arguments] {
    check_extension(arguments->out, {".md", ".markdown", ".txt"}, "Markdown");
    check_not_replaced(arguments->text, arguments->out);
    check_not_replaced(arguments->results, arguments->out);
    if (context.communicator.rank() == 0) {
      const CardSources sources{card_models(*arguments), arguments->shards, arguments->results};
      for (const CardModel& model : sources.models) {
        check_not_replaced(model.file, arguments->out);
      }
      clean_temporaries_of(arguments->out);
      write_file_atomically(arguments->out,
                            model_card(read_file(arguments->text), arguments->text, sources, context.log));
    }
  });
}

}  // namespace samsr
