#include "train/recipes/regression_settings.h"

namespace samsr {

void RegressionSettings::bind(Settings& settings) {
  settings.add("regression.lambda_l1", lambda_l1, "train.recipe=regression: weight of the absolute error of pixels")
      .between(0.0, 1e6);
  settings
      .add("regression.lambda_perceptual", lambda_perceptual,
           "weight of the difference between features of VGG-19 before their ReLU; needs vgg19-dcbb9e9d.pth in "
           "weights.folder")
      .between(0.0, 1e6);
  settings
      .add("regression.layer_weights", layer_weights,
           "weight in it of each of conv1_2, conv2_2, conv3_4, conv4_4, conv5_4")
      .between(0.0, 1e6);
  settings
      .add(
          "regression.lambda_adversarial", lambda_adversarial,
          "weight of what a discriminator of pictures (discriminator.*), trained beside the network, says; 0: there is "
          "none")
      .between(0.0, 1e6);
  settings
      .add("regression.usm_weight", usm.weight,
           "strength of the sharpening of the HR image that lambda_l1 and lambda_perceptual compare with, and the "
           "discriminator does not; 0: they compare with it as it is")
      .between(0.0, 10.0);
  settings.add("regression.usm_radius", usm.radius, "taps of that sharpening's Gaussian").between(1, 255);
  settings.add("regression.usm_threshold", usm.threshold, "smallest detail that it sharpens, 1/255")
      .between(0.0, 255.0);
}

}  // namespace samsr
