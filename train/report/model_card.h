#pragma once
// The page that goes with trained models: what they are and how they were made, as it was recorded on the way.

#include <filesystem>
#include <string>
#include <vector>

#include "core/log.h"

namespace samsr {

/// A file of weights and the run that trained them.
struct CardModel {
  std::string name;
  std::filesystem::path file;  ///< .safetensors
  std::filesystem::path run;   ///< folder of the run
};

struct CardSources {
  std::vector<CardModel> models;
  std::filesystem::path shards;   ///< what `samsr data build` wrote
  std::filesystem::path results;  ///< results.json of `samsr eval`, or its folder
};

/// `text`, Markdown, with its places filled in: {{files}} (parameters, sizes, hashes), {{data}} (photographs, pairs,
/// settings), {{training}} (steps, hours, hardware, program, fingerprint of the settings), {{figures}}. No path of this
/// machine gets into it. `source` stands for the text in messages. UserError for an unknown place, and for a run, data
/// set or file of results that is missing or holds something else.
std::string model_card(const std::string& text, const std::string& source, const CardSources& sources, Log& log);

}  // namespace samsr
