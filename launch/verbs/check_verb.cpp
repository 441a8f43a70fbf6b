#include <iostream>
#include <memory>

#include "data/photographs/check.h"
#include "launch/verbs/verbs.h"

namespace samsr {

void add_check_verb(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand("check", "says what a folder of photographs holds, and what of it can be used");
  auto folder = std::make_shared<std::string>();
  auto options = std::make_shared<CheckOptions>();
  verb->add_option("folder", *folder, "folder of photographs, .tar, .zip, or list of paths (.txt)")->required();
  verb->add_option("--gt-size", options->gt_size, "data.gt_size they are meant for, pixels")
      ->check(CLI::Range(16, 4096));
  verb->add_option("--out", options->out, "report to write (JSON): every file left out, and why; all duplicates");
  verb->add_option("--sheet", options->sheet, "contact sheet to write (PNG)");
  verb->add_option("--count", options->sheet_count, "pictures on the contact sheet")->check(CLI::Range(1, 1000));
  verb->callback([&context, folder, options] {
    check_photographs(*folder, *options, context.communicator, context.log, std::cout);
  });
}

}  // namespace samsr
