#pragma once

#include <filesystem>
#include <string>

#include "core/log.h"
#include "models/super_resolution/tools/convert_weights.h"

namespace samsr {

/// Writes (1 - share) · `from` + share · `to`, tensor by tensor, as safetensors with the metadata of `from`: a point on
/// the line between two networks of one form, such as a student of fidelity and the same trained on with a critic
/// (network interpolation, arXiv 1809.00219). Adapters stand for the model that they make of their base. `from`, `to`,
/// `out`: as for convert_weights(). UserError also when the two are not networks of one form: other tensors, shapes, or
/// settings of the network.
void blend_weights(const std::string& from, const std::string& to, double share, const std::filesystem::path& out,
                   const Conversion& how, Log& log);

}  // namespace samsr
