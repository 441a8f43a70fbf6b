// Any bytes as settings: first byte even, the lines of a YAML file; odd, key=value of the command line, one a line.
// Behind them what a model file's settings lead to before anything is allocated.

#include <sstream>

#include "core/settings.h"
#include "diffusion/settings.h"
#include "fuzz/memory_file.h"
#include "models/unet/unet_settings.h"
#include "models/unet/unet_weight_count.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string text = samsr::fuzz::text_of(bytes + 1, size - 1);
  samsr::UNetSettings unet;
  samsr::DiffusionSettings diffusion;
  samsr::SamSettings sam;
  samsr::Settings settings;
  unet.bind(settings);
  diffusion.bind(settings);
  sam.bind(settings);
  samsr::fuzz::must_be_read_or_refused([&] {
    if (bytes[0] % 2 == 0) {
      settings.load_text(text, "config.yaml");
    } else {
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        samsr::fuzz::must_be_read_or_refused([&] { settings.apply_override(line); });
      }
    }
    unet.check();
    if (!(samsr::unet_weight_count(unet) > 0)) {
      std::abort();
    }
  });
  samsr::Settings again;
  samsr::UNetSettings unet_again;
  samsr::DiffusionSettings diffusion_again;
  samsr::SamSettings sam_again;
  unet_again.bind(again);
  diffusion_again.bind(again);
  sam_again.bind(again);
  const std::string written = settings.to_yaml();
  again.load_text(written, "written");
  if (again.to_yaml() != written) {
    std::abort();
  }
  return 0;
}
