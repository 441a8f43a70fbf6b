#include "train/recipes/stored_latents.h"

#include "core/error.h"
#include "data/shards/shard.h"

namespace samsr {

void check_stored_latents(const SampleSet& samples, const FirstStageSettings& first_stage) {
  const ShardField* latent = samples.find("z_hr");
  const std::int64_t channels = first_stage.latent_channels();
  if (latent != nullptr && latent->shape.front() != channels) {
    throw UserError(
        "{}: latents of {} channels, but first_stage.type {} has {}; build the shards with the same first_stage",
        samples.source(), latent->shape.front(), first_stage.type, channels);
  }
}

}  // namespace samsr
