#pragma once
// Weights of UNetSwin and of what a flow map embeds beside the step (unet.flow_map).

#include "models/unet/unet_settings.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Whether the network in `file` embeds intervals and prompts: official files carry no settings.
bool holds_flow_map(const TensorFile& file);

/// `weights` of a network without unet.flow_map as those of one with `settings.flow_map`, whose embeddings of intervals
/// and prompts are added. They change nothing of what the weights answer, and are the same at every call, so that
/// adapters beside them need no file but that of `weights`. Other weights come back as they are.
TensorFile with_flow_map_embeddings(TensorFile weights, const UNetSettings& settings);

}  // namespace samsr
