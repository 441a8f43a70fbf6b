#pragma once
// What the recipes of a super-resolution network share: networks, first weights, files, pictures, validation.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "diffusion/method.h"
#include "models/lora/adapter_file.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/losses/ess_loss.h"
#include "train/losses/high_frequency_loss.h"
#include "train/losses/lpips_loss.h"
#include "train/losses/perceptual_loss.h"
#include "train/losses/semantic_loss.h"
#include "train/recipes/flowmap_settings.h"
#include "train/recipes/recipe.h"

namespace samsr {

/// Standard normal noise (B, shape…) float32 for a batch, on the device of its tensors.
using NoiseSource = std::function<at::Tensor(const Batch&, at::IntArrayRef shape)>;

/// Row b is a function of (seed, batch.position[b]); for cached rollouts, the noise that they were rolled out from. The
/// batch's own, which SuperResolutionRecipe::prepare() took from here, where it has one.
NoiseSource seeded_noise(std::uint64_t seed);

/// What losses draw for each sample beside the noise of the start, each under its own name (`purpose`).
struct LossDraws {
  /// Step indices (B) int64 in [0, steps).
  std::function<at::Tensor(const Batch&, std::string_view purpose, std::int64_t steps)> steps;
  /// Noise (B, shape…) float32, `distribution` normal or uniform (in [0,1)).
  std::function<at::Tensor(const Batch&, std::string_view purpose, at::IntArrayRef shape,
                           const std::string& distribution)>
      noise;
};

/// Row b is a function of (seed, purpose, batch.position[b]), so that all moves of a step and however a batch is cut
/// find the same.
LossDraws seeded_draws(std::uint64_t seed);

/// What such a recipe works with.
struct SuperResolutionParts {
  TrainSettings train{};
  DistillSettings distill{};
  std::shared_ptr<SuperResolutionModel> network{};  ///< what is trained
  std::shared_ptr<LoadedModel> average{};           ///< holds the averaged weights; null where none are kept
  std::shared_ptr<SuperResolutionModel> teacher{};  ///< null for the teacher itself, and where nothing asks for it
  NoiseSource noise{};
  LossDraws draws = seeded_draws(train.seed);
  std::shared_ptr<SemanticLoss> semantic{};  ///< of a student; null for none
  std::shared_ptr<const LpipsLoss> lpips{};  ///< null for none
  HighFrequencySettings hfp{};               ///< of a student's distill.lambda_hfp
  FlowMapTrainSettings flowmap{};            ///< of a flow map's second stage
  std::shared_ptr<const EssLoss> ess{};      ///< of a student, as the next; null where its weight is 0
  std::shared_ptr<const PerceptualLoss> perceptual{};
  StepTimer* timer = nullptr;         ///< of the rollouts; null for none
  const SampleSet* shards = nullptr;  ///< null where batches come from elsewhere
};

/// Height and width of the LR images that are `scale` times smaller than the HR ones: those stored, which of several
/// scales may be of another.
std::array<std::int64_t, 2> lr_sides(const SampleSet& shards, std::int64_t scale);

/// The smaller side of the samples' HR images.
std::int64_t hr_side(const RecipeContext& context);

/// The parts of `method` as the settings have them, on the device. UserError when shards or weights do not fit them.
SuperResolutionParts make_parts(const Method& method, const RecipeContext& context);

/// train.lora of the parts: gives the network adapters, and its average too, which shares the frozen weights; nothing
/// with a rank of 0. Both lie on their device already. make_parts() does it.
void add_adapters(SuperResolutionParts& parts);

/// The network, or that of `model`, as the passes of training call it: on a GPU by CUDA graphs, where train.graphs
/// allows it.
Denoiser training_denoiser(const SuperResolutionParts& parts, const UNetSwin& unet);
Denoiser training_denoiser(const SuperResolutionParts& parts, SuperResolutionModel& model);

class SuperResolutionRecipe : public Recipe {
 public:
  explicit SuperResolutionRecipe(SuperResolutionParts parts);

  const std::vector<Trainable>& trainables() const override { return trainables_; }
  BatchFields fields() const override;
  /// Draws the noise.
  void prepare(Batch& batch) const override;
  /// Latents that the shards lack are encoded from the images.
  void complete(Batch& batch) const override;
  void skip_frozen_work(Batch& sample) const override;
  /// train.init: a student starts from its teacher, or from the file that it names. With adapters these are the frozen
  /// weights, and train.lora.init names the adapters' first ones.
  void load_frozen_weights(Log& log) override;
  void load_first_weights(Log& log) override;
  TensorFile file(std::size_t trainable, TensorFile weights) const override;
  void check_part(std::size_t trainable, const TensorFile& part, const std::string& source) const override;
  /// On the folders val.lq and val.gt.
  std::unique_ptr<Validation> make_validation(const RecipeContext& context) override;
  std::vector<std::pair<std::string, std::string>> facts() const override;
  std::vector<std::pair<std::string, double>> frozen_bytes() const override;

 protected:
  /// The noise that pictures of the batch's samples are made from, every time the same.
  at::Tensor picture_noise(const Batch& batch) const;
  /// True where rollouts come from the shards.
  bool uses_cached_rollouts() const;
  /// A further network that the recipe trains beside the student.
  void add_trainable(Trainable trainable) { trainables_.push_back(std::move(trainable)); }

  SuperResolutionParts parts_;

 private:
  bool encodes_latents() const;
  void load_network(Log& log);

  std::vector<Trainable> trainables_;
  AdapterBase base_;  ///< of the adapters, where there are any
};

/// The recipes by their parts, and by the settings of a run. One a file: resshift.cpp, sinsr.cpp, samsr.cpp, …
std::unique_ptr<Recipe> make_resshift_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_sinsr_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_samsr_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_tadsr_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_vpdsr_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_resshift(const RecipeContext& context);
std::unique_ptr<Recipe> make_sinsr(const RecipeContext& context);
std::unique_ptr<Recipe> make_samsr(const RecipeContext& context);
std::unique_ptr<Recipe> make_tadsr(const RecipeContext& context);
std::unique_ptr<Recipe> make_vpdsr(const RecipeContext& context);

}  // namespace samsr
