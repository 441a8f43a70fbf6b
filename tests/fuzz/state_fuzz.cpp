// Any bytes as the state.json of a checkpoint, as they are and with the CRC that fits them.

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json_entry.h"
#include "fuzz/memory_file.h"
#include "models/weights/checkpoint_folder.h"

namespace {

void read(const std::string& text) {
  samsr::fuzz::must_be_read_or_refused([&] {
    const nlohmann::json state = samsr::parse_checkpoint_state(text, "state.json");
    for (const auto& [file, crc] : state.at("files").items()) {
      if (file.find('/') != std::string::npos || crc.get<std::uint64_t>() != crc) {
        std::abort();
      }
    }
    state.at("step").get<std::int64_t>();
    state.at("config").get<std::string>();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text = samsr::fuzz::text_of(bytes, size);
  read(text);
  nlohmann::json state;
  try {
    state = samsr::JsonEntry::parse(text, "state.json").value();
  } catch (const samsr::UserError&) {
    return 0;
  }
  if (state.is_object()) {
    state.erase("crc32c");
    state["crc32c"] = samsr::checkpoint_state_crc(state);
    read(samsr::json_text(state));
  }
  return 0;
}
