#pragma once
// LPIPS (Zhang et al. 2018) as a loss: the term that ResShift's journal version adds to its squared error
// (docs/method.md, "Schedule and ResShift"), RSD to its student's, and any student may have (distill.lambda_lpips).

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/log.h"
#include "models/perceptual/lpips_network.h"
#include "models/weights/official_files.h"

namespace samsr {

class LpipsLoss {
 public:
  /// `network`: one that passes gradients. `weight`: in the total. `cut`: predictions are cut to [-1,1] first, as
  /// pictures are before they are measured; what lies outside has no gradient then.
  LpipsLoss(LpipsNetwork network, double weight, bool cut = true);

  /// (B) float32 of images (B,3,H,W), RGB in [-1,1], each side at least the network's smallest_side(): what the metric
  /// lpips or lpips_vgg says of `prediction`, cut or as it is, and `truth`, with its gradient. In float32, whatever
  /// train.precision is.
  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) const;
  double weight() const { return weight_; }
  /// Memory of the network.
  std::size_t weight_bytes() const { return network_.weight_bytes(); }

 private:
  const LpipsNetwork network_;
  const double weight_;
  const bool cut_;
};

/// Which LPIPS a recipe asks for.
struct LpipsTerm {
  LpipsTrunk trunk;
  double weight;
  const char* setting;  ///< that gives the weight, for messages
  std::int64_t side;    ///< the smaller one of the samples' HR images
  bool cut = true;      ///< of LpipsLoss
};

/// The network that the settings *.lpips_net name: alex or vgg.
LpipsTrunk lpips_trunk_of(const std::string& net);

/// The term from the official files; null where its weight is 0. UserError where a file is missing, which says where it
/// is published, or does not fit, and for samples that are smaller than the network takes.
std::shared_ptr<const LpipsLoss> read_lpips_loss(const LpipsTerm& term, const OfficialFilesSettings& files,
                                                 c10::Device device, Log& log);

}  // namespace samsr
