#include <memory>

#include "core/error.h"
#include "data/tools/imagenet_test.h"
#include "launch/verbs/verbs.h"

namespace samsr {

void add_imagenet_test_verb(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "imagenet-test", "makes the benchmark ImageNet-Test, OUT/lq and OUT/gt, from ImageNet's validation photographs");
  auto options = std::make_shared<ImagenetTestOptions>();
  verb->add_option("--images", options->images, "folder of the validation photographs, best in folders of classes")
      ->required();
  verb->add_option("--out", options->out, "folder for the pairs")->required();
  verb->add_option("--list", options->list, "text file of the names to take, one a line, instead of a choice");
  verb->add_option("--count", options->count, "number of photographs to choose (default: 3000)")
      ->check(whole_number(1));
  verb->add_option("--seed", options->seed,
                   "seed of choice and degradation (default: 10000, the published script's, for the published names)")
      ->check(whole_number(0));
  verb->callback([&context, options, verb] {
    if (verb->count("--list") > 0 && verb->count("--count") > 0) {
      throw UserError("--list says how many pictures there are; leave --count out");
    }
    make_imagenet_test(*options, context.communicator, context.log);
  });
}

}  // namespace samsr
