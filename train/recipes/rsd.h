#pragma once

#include "train/recipes/rsd_settings.h"
#include "train/recipes/super_resolution.h"

namespace samsr {

/// RSD by its parts, `teacher` among them, `lpips` where rsd.lambda_lpips is above 0, and `perceptual` where
/// rsd.lambda_perceptual is. UserError where the settings do not fit the networks.
std::unique_ptr<Recipe> make_rsd_recipe(SuperResolutionParts parts, const RsdSettings& settings);

/// By the settings of a run. UserError where the teacher or LPIPS's files are missing.
std::unique_ptr<Recipe> make_rsd(const RecipeContext& context);

}  // namespace samsr
