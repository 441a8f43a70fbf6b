#pragma once
// Explicit semantic-aware supervision (ESS), as VPD-SR's abstract names it (arXiv 2506.02605): the frozen image side of
// CLIP sees in the prediction what it sees in the HR image. Tower and level are not published, so they are choices
// (docs/method.md, "VPD-SR-style").

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/log.h"
#include "core/settings.h"
#include "models/perceptual/clip_vit.h"
#include "models/weights/official_files.h"

namespace samsr {

/// Section `ess.`.
struct EssSettings {
  std::string mode = "global";
  std::int64_t patch = 32;

  void bind(Settings& settings);
};

class EssLoss {
 public:
  /// `dense`: patches are compared, else the pictures' embeddings.
  EssLoss(ClipVit tower, bool dense);

  /// (B) float32 of pictures (B,3,H,W), RGB in [-1,1], of any size. Global: 1 - cosine of the two embeddings. Dense:
  /// the mean absolute difference of the patches' features, each patch divided by its length. In float32, whatever
  /// train.precision is. Nothing of the truth's pass is kept.
  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) const;
  /// Memory of the network.
  std::size_t weight_bytes() const { return tower_.weight_bytes(); }

 private:
  /// (B,features) or (B,patches,width), of length 1 along the last dimension.
  at::Tensor directions(const at::Tensor& images) const;

  const ClipVit tower_;
  const bool dense_;
};

/// The loss of the settings, from OpenAI's file; null where `weight`, distill.lambda_ess, is 0. UserError where the
/// file is missing, which says where it is published, or does not fit.
std::shared_ptr<const EssLoss> make_ess_loss(double weight, const EssSettings& settings,
                                             const OfficialFilesSettings& files, c10::Device device, Log& log);

}  // namespace samsr
