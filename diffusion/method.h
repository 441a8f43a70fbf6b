#pragma once
// What is known of a method wherever its name (train.recipe) or the `kind` of its model files is read.

#include <span>
#include <string_view>

#include "diffusion/settings.h"

namespace samsr {

/// A way to train and to sample a denoiser.
struct Method {
  std::string_view name;      ///< "samsr"
  std::string_view kind;      ///< in the metadata of its model files: "sam_student"
  bool one_step;              ///< sampled in one step from x_T; else in the T steps of the schedule
  bool distils;               ///< learns beside a frozen teacher, mostly from its rollout
  bool mask_noise;            ///< masks shape its noise and its process
  bool either_noise = false;  ///< samsr.mask_noise may say otherwise
  bool flow_map = false;  ///< is no diffusion: sampled from the LR latent, without noise, in a chosen number of steps
};

/// Every method; the first of those that share a kind is the one that its files are read as.
std::span<const Method> methods();

/// Null where `name` is none of a denoiser: the recipe coverage_net trains another network.
const Method* find_method(std::string_view name);

/// Whether masks shape noise and process of a model with these settings: samsr.mask_noise, or as the method has it.
bool masks_shape_noise(const Method& method, const SamSettings& sam);

/// UserError naming the nearest method when there is none of this name.
const Method& method_named(std::string_view name);

/// Of a model file. UserError when `kind` is unknown; `source` names the file.
const Method& method_of_kind(std::string_view kind, std::string_view source);

}  // namespace samsr
