#include <filesystem>
#include <memory>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/named_path.h"
#include "data/images/image_file.h"
#include "eval/report/strip.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

struct StripArguments {
  std::string out;
  std::string lq;
  std::string reference;
  std::vector<std::string> results;
  std::int64_t scale = 4;
  StripSettings strip;
};

void make_strip(const StripArguments& arguments, VerbContext& context) {
  const fs::path out = arguments.out;
  if (out.extension() != ".png") {
    throw UserError("{}: expected a name that ends in .png, which is what is written", out.string());
  }
  EvalRequest request{{}, arguments.reference, arguments.lq};
  for (const std::string& results : arguments.results) {
    const NamedPath named = NamedPath::parse(results);
    request.methods.push_back({named.name, named.path});
  }
  InputProblems strict;
  const cv::Mat strip = draw_strip(plan_comparison(request, arguments.scale, strict), arguments.strip);
  if (out.has_parent_path()) {
    make_folder(out.parent_path());
  }
  write_png(out, strip);
  context.log.info("{} is {} x {} pixels", out.string(), strip.cols, strip.rows);
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
  verb->add_option("--scale", arguments->scale, "size of a result over that of its low-resolution image")
      ->check(CLI::Range(1, 16));
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      make_strip(*arguments, context);
    }
  });
}

}  // namespace samsr
