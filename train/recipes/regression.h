#pragma once
// The recipe regression: a network that makes the HR picture in one pass, held to it pixel by pixel, by features and by
// a discriminator - RealESRNet and Real-ESRGAN (arXiv 2107.10833).

#include <functional>
#include <memory>

#include "models/discriminators/discriminator.h"
#include "train/losses/vgg_loss.h"
#include "train/recipes/recipe.h"
#include "train/recipes/regression_network.h"
#include "train/recipes/regression_settings.h"

namespace samsr {

/// What the recipe works with.
struct RegressionParts {
  TrainSettings train{};
  RegressionSettings losses{};
  DiscriminatorSettings discriminator{};
  RegressionNetwork network{};
  RegressionNetwork average{};                  ///< holds the averaged weights
  std::shared_ptr<const VggLoss> perceptual{};  ///< null where its weight is 0
  std::shared_ptr<DiscriminatorImpl> critic{};  ///< null where its weight is 0; of pictures in [0,1]
};

/// A step trains the network and, where there is a discriminator, that one behind it, on the same prediction.
std::unique_ptr<Recipe> make_regression_recipe(RegressionParts parts);

/// The recipe of the settings. UserError for settings that do not fit each other or the samples, and for a missing
/// network of the perceptual loss.
std::unique_ptr<Recipe> make_regression(const RecipeContext& context);

}  // namespace samsr
