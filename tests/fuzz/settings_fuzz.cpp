// Any bytes as settings: first byte even, the lines of a YAML file; odd, key=value of the command line, one a line.
// Behind them what a model file's settings lead to before anything is allocated.

#include <sstream>

#include "core/settings.h"
#include "diffusion/settings.h"
#include "fuzz/memory_file.h"
#include "models/unet/unet_settings.h"
#include "models/unet/unet_weight_count.h"

namespace {

/// Three sections, bound once: that takes longer than most inputs.
struct Bound {
  Bound() {
    unet.bind(settings);
    diffusion.bind(settings);
    sam.bind(settings);
  }

  void set_to_defaults() {
    unet = {};
    diffusion = {};
    sam = {};
  }

  samsr::UNetSettings unet;
  samsr::DiffusionSettings diffusion;
  samsr::SamSettings sam;
  samsr::Settings settings;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  static Bound first;
  static Bound again;
  first.set_to_defaults();
  const std::string text = samsr::fuzz::text_of(bytes + 1, size - 1);
  samsr::fuzz::must_be_read_or_refused([&] {
    if (bytes[0] % 2 == 0) {
      first.settings.load_text(text, "config.yaml");
    } else {
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        samsr::fuzz::must_be_read_or_refused([&] { first.settings.apply_override(line); });
      }
    }
    first.unet.check();
    if (!(samsr::unet_weight_count(first.unet) > 0)) {
      std::abort();
    }
  });
  const std::string written = first.settings.to_yaml();
  static const std::string defaults = Bound().settings.to_yaml();
  // What changed nothing reads back as the defaults do, which each process has seen once.
  static bool seen = false;
  if (seen && written == defaults) {
    return 0;
  }
  seen = seen || written == defaults;
  again.set_to_defaults();
  again.settings.load_text(written, "written");
  if (again.settings.to_yaml() != written) {
    std::abort();
  }
  return 0;
}
