#pragma once

#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/measure/comparison.h"
#include "eval/measure/feature_cache.h"
#include "eval/measure/results.h"
#include "eval/metrics/fid/frechet.h"
#include "eval/metrics/set_metric.h"

namespace samsr {

/// Measures methods by a metric of whole sets: against the references of the pictures that a method has, or against the
/// statistics of a set that is not here. The ranks share the pictures, and every rank returns the same figures. All is
/// collective.
class SetScorer {
 public:
  /// UserError when the statistics of `comparison` cannot be read, or are of other features than the metric's.
  SetScorer(const Comparison& comparison, const SetMetric& metric, Communicator& communicator, Log& log,
            InputProblems& problems);

  /// How it measures: the metric's protocol, and which statistics take the references' place.
  std::string protocol() const;

  /// The figure of those of the method's images that are called `names`, with its interval where FrechetBootstrap has
  /// one; NaN for fewer than two images. Input problems: images whose features cannot be computed, which are left out.
  SetFigure score(const ComparedMethod& method, const std::vector<std::string>& names);

 private:
  at::Tensor features_of(const ImageSet& pictures, std::int64_t enlarge, const std::string& whose,
                         std::vector<std::string>& failures);
  at::Tensor compute_features(const ImageSet& pictures, std::int64_t enlarge, const std::string& whose,
                              std::vector<std::string>& failures);
  /// Rows of the references called `names`.
  at::Tensor reference_features(const std::vector<std::string>& names);
  SetFigure figure_of(const at::Tensor& features, const at::Tensor& references, const std::string& whose);
  void keep_statistics(const at::Tensor& features, const std::filesystem::path& file);

  const Comparison& comparison_;
  const SetMetric& metric_;
  Communicator& communicator_;
  Log& log_;
  InputProblems& problems_;
  const FeatureCache cache_;
  std::optional<NormalFit> known_references_;  ///< of statistics that take the references' place
  at::Tensor references_;                      ///< features of all references, as soon as they are wanted
};

}  // namespace samsr
