#pragma once

#include <memory>

#include "train/recipes/super_resolution.h"

namespace samsr {

/// Distillation of a method whose noise is either shaped by masks or plain, by samsr.mask_noise: tadsr.cpp, vpdsr.cpp.
std::unique_ptr<Recipe> make_student_recipe(const Method& method, SuperResolutionParts parts);

}  // namespace samsr
