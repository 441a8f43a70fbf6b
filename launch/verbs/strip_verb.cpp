#include <memory>

#include "core/named_path.h"
#include "eval/report/strip.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

struct StripArguments {
  std::string out;
  std::string lq;
  std::string reference;
  std::vector<std::string> results;
  std::int64_t scale = 4;
  StripSettings strip;
};

void make_strip(const StripArguments& arguments, VerbContext& context) {
  EvalRequest request{{}, arguments.reference, arguments.lq};
  for (const NamedPath& results : named_paths(arguments.results)) {
    request.methods.push_back({results.name, results.path});
  }
  write_strip(request, arguments.scale, arguments.strip, arguments.out, context.log);
}

}  // namespace

void add_strip_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("strip", "draws images of several methods side by side, one row an image");
  auto arguments = std::make_shared<StripArguments>();
  verb->add_option("out", arguments->out, "PNG file to write")->required();
  verb->add_option("--lq", arguments->lq, "low-resolution images, paired by name; shown as they are, and bicubic");
  verb->add_option("--pred", arguments->results, "results of one method, as DIR or NAME=DIR; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--ref", arguments->reference, "references, paired by name");
  verb->add_option("--names", arguments->strip.names,
                   "comma-separated names without extension, one row each; spread evenly by default")
      ->delimiter(',');
  verb->add_option("--count", arguments->strip.count, "rows when no images are named")->check(CLI::Range(1, 100));
  verb->add_option("--crop", arguments->strip.crop, "side of the piece with the most detail, pixels of the result")
      ->check(CLI::Range(16, 4096));
  verb->add_option("--columns", arguments->strip.columns,
                   "pictures in a line; by default as many as 1,500 pixels hold, at least four, in even lines")
      ->check(CLI::Range(1, 100));
  verb->add_option("--scale", arguments->scale, "size of a result over that of its low-resolution image")
      ->check(CLI::Range(1, 16));
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      make_strip(*arguments, context);
    }
  });
}

}  // namespace samsr
