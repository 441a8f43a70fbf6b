#pragma once
// L_SC = ‖W_pred - W_x0‖², the semantic consistency of SAMSR (Eq. 13; docs/method.md, "SAMSR: Algorithm 1"): between
// the semantic weights of a decoded prediction and of the HR image.

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/log.h"
#include "data/shards/loader.h"
#include "models/coverage_net/coverage_net.h"
#include "models/super_resolution/super_resolution_model.h"
#include "segmentation/mask_source.h"
#include "train/settings.h"

namespace samsr {

class SemanticLoss {
 public:
  virtual ~SemanticLoss() = default;

  explicit SemanticLoss(bool from_gt) : from_gt_(from_gt) {}
  /// Which answer it looks at: true for x0_from_gt, the released code's; false for x0, the one-step answer to noise.
  bool from_gt() const { return from_gt_; }
  /// True where it compares images (B,3,sH,sW), false where latents (B,C,h,w).
  virtual bool needs_image() const = 0;
  /// False for a batch whose step leaves it out.
  virtual bool is_due(const Batch&) const { return true; }
  /// (B) float32, mean over the picture. `prediction` with its gradient.
  virtual at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) = 0;
  /// λ, its weight in the total; 0 where it has no gradient and is for the log alone.
  virtual double weight() const = 0;

 private:
  const bool from_gt_;
};

/// The loss `semantic.loss` of `model`'s recipe, null for none; one line in the log says which and why. `model`
/// outlives it. `masks`: how `amg` finds masks. UserError when weights are missing or do not fit.
std::unique_ptr<SemanticLoss> make_semantic_loss(const SemanticSettings& settings, const TrainSettings& train,
                                                 const Method& method, const SuperResolutionModel& model,
                                                 c10::Device device, const MaskSettings& masks, Log& log);

/// `coverage_net`: W by the frozen network, for the prediction and for the HR image alike, so that its errors, which
/// both share, cancel, and equal pictures give 0. The gradient passes through the network, and through the decoder
/// where the network sees images.
std::unique_ptr<SemanticLoss> make_coverage_net_loss(const CoverageNet& net, double weight, bool from_gt = true);

/// `amg`: by automatic masks of both pictures, in every `every`-th step. Variant `paper`: W, of masks pooled to the LR
/// image's size. Variant `released`: the number of masks over each HR pixel, 1 where none lies (the background is a
/// mask), of pictures each stretched to bytes by its own range (latent_picture.h). Counts have no gradient.
struct AmgLossParts {
  std::shared_ptr<MaskSource> masks;
  std::int64_t scale;     ///< HR pixels a side over which masks are pooled
  double threshold;       ///< masks.pool_threshold
  bool released = false;  ///< samsr.variant
  std::int64_t every = 1;
  std::int64_t global_batch = 1;  ///< images a step; tells steps from positions
  bool from_gt = true;
};
std::unique_ptr<SemanticLoss> make_amg_loss(const AmgLossParts& parts);

}  // namespace samsr
