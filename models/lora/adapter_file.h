#pragma once
// Adapters as a file of their own: safetensors with NAME.lora_A.weight and NAME.lora_B.weight and, beside the metadata
// of the model that they make (models/super_resolution/super_resolution_model.h), `format` (samsr-lora/1), `rank`,
// `alpha`, `targets`, and the base: `base` (where it lay) and `base_weights` (its checksum).

#include <cstdint>
#include <string>

#include "models/lora/lora_settings.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// The frozen network that adapters were trained beside.
struct AdapterBase {
  std::string path;  ///< of its file; empty where there is none
  std::uint32_t checksum = 0;
};

/// Read adapters, checked against themselves.
struct Adapters {
  TensorFile file;  ///< A and B of each layer, nothing else
  std::string source;
  std::int64_t rank = 0;
  double alpha = 0;
  AdapterBase base;
};

/// Weights of a network, checked or not, tell themselves apart by it: CRC-32C of all that is neither an adapter's nor
/// follows from the settings, in single precision.
std::uint32_t base_checksum(const TensorFile& weights);

/// `weights`, the adapters with the metadata of the model that they make, as a file of adapters.
TensorFile adapter_file(TensorFile weights, const LoraSettings& settings, const AdapterBase& base);

/// Whether the file says that it is one of adapters.
bool is_adapter_file(const TensorFile& file);

/// The adapters of a file; `source` stands for it in messages. UserError for a file of something else, and for one that
/// contradicts itself.
Adapters read_adapters(TensorFile file, const std::string& source);

/// UserError, one line, unless the adapters were trained beside weights with the checksum `base`; `base_source` stands
/// for those in messages.
void check_base(const Adapters& adapters, std::uint32_t base, const std::string& base_source);

/// `base` + weight · (α/r) B·A for each layer, computed in double precision, of the base's types; names and metadata
/// stay those of the base, but for `base_weights` and `merged`, which say what was merged, so that further adapters of
/// the same base can follow. With the negative of the weight that they were merged with, the base again to rounding.
/// UserError from check_base(), and for a layer that the base has not, or in another shape.
TensorFile merged(TensorFile base, const std::string& base_source, const Adapters& adapters, double weight);

/// Takes out of the metadata what merged() noted there: of weights that were changed since.
void forget_merges(TensorFile& network);

/// Whether merged() put these adapters with this weight into `network`.
bool is_merged(const TensorFile& network, const Adapters& adapters, double weight);

}  // namespace samsr
