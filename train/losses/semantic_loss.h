#pragma once
// L_SC = ‖W_pred - W_x0‖², the semantic consistency of SAMSR (Eq. 13; docs/method.md, "SAMSR: Algorithm 1"): between
// the semantic weights of a decoded prediction and of the HR image.

#include <ATen/core/Tensor.h>

#include <memory>

#include "core/log.h"
#include "data/shards/loader.h"
#include "models/coverage_net/coverage_net.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/losses/coverage_counter.h"
#include "train/settings.h"

namespace samsr {

/// An answer of the student.
struct DecodedPrediction {
  at::Tensor latent;  ///< (B,C,h,w)
  at::Tensor image;   ///< the same decoded, where the recipe has done so; else undefined
};

class SemanticLoss {
 public:
  virtual ~SemanticLoss() = default;

  explicit SemanticLoss(bool from_gt) : from_gt_(from_gt) {}
  /// Which answer it looks at: true for x0_from_gt, as Algorithm 1 has it; false for x0, the one-step answer to noise.
  bool from_gt() const { return from_gt_; }
  /// (B) float32, mean over the picture; undefined in steps that leave it out. `batch` carries the fields below.
  virtual at::Tensor of(const DecodedPrediction& prediction, const Batch& batch) = 0;
  /// λ, its weight in the total; 0 where it has no gradient and is for the log alone.
  virtual double weight() const = 0;
  /// True when batches must carry the HR image.
  virtual bool needs_hr() const = 0;

 private:
  const bool from_gt_;
};

/// The loss `semantic.loss` of `model`'s recipe, null for none; one line in the log says which and why. `model`
/// outlives it. UserError when weights are missing or do not fit, or `amg` has no counter.
std::unique_ptr<SemanticLoss> make_semantic_loss(const SemanticSettings& settings, const TrainSettings& train,
                                                 const SuperResolutionModel& model, c10::Device device,
                                                 const CoverageCounter& counter, Log& log);

/// `coverage_net`: W by the frozen network, for the prediction and for the HR image alike, so that its errors, which
/// both share, cancel, and equal pictures give 0. The gradient passes through the network, and through the decoder
/// where the network sees images.
std::unique_ptr<SemanticLoss> make_coverage_net_loss(const CoverageNet& net, const FirstStage& first_stage,
                                                     double weight, bool from_gt = true);

/// `amg`: W, or in the variant `released` the count C itself, by automatic masks of both pictures in every `every`-th
/// step. Counts have no gradient.
struct AmgLossParts {
  CoverageCounter counter;
  const FirstStage& first_stage;
  bool counts = false;  ///< compares C instead of W
  std::int64_t every = 1;
  std::int64_t global_batch = 1;  ///< images a step; tells steps from positions
  bool from_gt = true;
};
std::unique_ptr<SemanticLoss> make_amg_loss(const AmgLossParts& parts);

/// The decoded prediction (B,3,sH,sW), with its gradient.
at::Tensor predicted_image(const DecodedPrediction& prediction, const FirstStage& first_stage);

/// The HR image (B,3,sH,sW): the batch's, or what a lossless first stage decodes its latent to.
at::Tensor hr_image(const Batch& batch, const FirstStage& first_stage);

}  // namespace samsr
