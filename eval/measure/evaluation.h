#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/named_path.h"
#include "core/settings.h"
#include "eval/measure/benchmarks.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/model_pictures.h"
#include "eval/measure/picture_rows.h"
#include "models/weights/official_files.h"

namespace samsr {

/// Section `eval.`: how figures are measured.
struct EvalSettings {
  std::string metrics;           ///< comma-separated; empty for all that can be computed
  std::int64_t crop_border = 0;  ///< pixels
  std::int64_t scale = 4;        ///< of the bicubic row
  std::string benchmarks;        ///< folder of the benchmarks; empty: $SAMSR_BENCHMARKS, else "testdata"
  std::string benchmarks_file;   ///< another catalogue of benchmarks; empty: the shipped one
  std::string fid_reference;     ///< .npz of mu and sigma in the references' place; empty: the references
  bool fid_statistics = false;   ///< mu and sigma of every set are written
  std::string fid_features;      ///< folder where features are kept; empty: OUT/features
  ImageLimits images{};          ///< of pictures that are read; section `images.`

  void bind(Settings& settings);
};

/// What `samsr eval` is asked for.
struct EvaluationRequest {
  std::vector<Benchmark> sets;
  std::vector<EvaluatedModel> models;
  std::vector<NamedPath> results;  ///< folders of pictures that something else has made
  std::filesystem::path out;
  EvalSettings settings;
  OfficialFilesSettings files;  ///< where weights of metrics lie
};

/// Figures and pictures of one set.
struct EvaluatedSet {
  Results results;
  std::vector<PictureRow> rows;
};

/// Measures every model and folder of results on every set. Results, and the models' pictures below `pictures/`, go to
/// OUT/SET, and to OUT itself when there is one set only; with several, the results of a method for a set are
/// expected in DIR/SET. The ranks share the images. What rank 0 returns holds the pictures for the report.
/// Networks compute on `device`. What was asked for by name and cannot be measured is left out of the results and noted
/// in `problems`. UserError or input problems as in plan_comparison(), check_completeness() and evaluate(); UserError
/// where a file that no evaluation wrote would be replaced.
std::vector<EvaluatedSet> evaluate_sets(const EvaluationRequest& request, c10::Device device,
                                        Communicator& communicator, Log& log, InputProblems& problems);

}  // namespace samsr
