#pragma once
// Distance of features of a tiny autoencoder's encoder, in the place of LPIPS where VGG's weights or its time are too
// much.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/settings.h"
#include "models/perceptual/tiny_encoder.h"
#include "models/weights/official_files.h"

namespace samsr {

/// Section `perceptual.`.
struct PerceptualSettings {
  std::string weights;
  std::vector<std::int64_t> blocks{4, 6, 7, 8};
  std::vector<double> block_weights;

  void bind(Settings& settings);
};

class PerceptualLoss {
 public:
  /// `blocks`: ascending numbers of tiny_encoder_blocks(); a weight for each.
  PerceptualLoss(TinyEncoder encoder, std::vector<std::int64_t> blocks, std::vector<double> block_weights);

  /// (B) float32 of pictures (B,3,H,W), RGB in [-1,1], sides of at least 32: sum over blocks of weight times the mean
  /// over positions of |f/|f| - g/|g||². Nothing of the truth's pass is kept.
  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) const;
  /// Memory of the network.
  std::size_t weight_bytes() const { return encoder_.weight_bytes(); }

 private:
  const TinyEncoder encoder_;
  const std::vector<std::int64_t> blocks_;
  const std::vector<double> block_weights_;
};

/// The loss of the settings, of perceptual.weights or, where that is empty, of the official file; null where `weight`,
/// that of the setting `key`, is 0. UserError for a file that is missing or does not fit, for blocks that the encoder
/// lacks, and for weights that are not one for each block.
std::shared_ptr<const PerceptualLoss> make_perceptual_loss(double weight, const char* key,
                                                           const PerceptualSettings& settings,
                                                           const OfficialFilesSettings& files, c10::Device device,
                                                           Log& log);

}  // namespace samsr
