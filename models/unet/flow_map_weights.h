#pragma once
// Weights of UNetSwin and of what a flow map embeds beside the step (unet.flow_map).

#include "models/unet/unet_swin.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Whether the network in `file` embeds intervals and prompts: official files carry no settings.
bool holds_flow_map(const TensorFile& file);

/// `weights` of a network without unet.flow_map as those of `network`, whose own embeddings of intervals and prompts
/// are added: fresh ones change nothing of what the weights answer. Other weights come back as they are.
TensorFile with_flow_map_embeddings(TensorFile weights, const UNetSwin& network);

}  // namespace samsr
