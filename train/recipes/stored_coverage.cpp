#include "train/recipes/stored_coverage.h"

#include "core/error.h"
#include "data/shards/content.h"

namespace samsr {

void check_stored_coverage(const SampleSet& shards, const MaskSettings& masks, const SamSettings& sam) {
  const StageContents contents = split_content(shards.content());
  const auto stage = contents.find("masks");
  if (stage == contents.end()) {
    return;
  }
  const bool stored = stage->second.find(kMasksOfLatents) != std::string::npos;
  if (stored == masks.of_latents(sam.released())) {
    return;
  }
  const char* of_latents = "those of latents";
  const char* of_images = "those of enlarged LR images";
  throw UserError(
      "{}: its masks are {}, but this run's are {} (samsr.variant={}, masks.picture={}, masks.source={}); make them "
      "anew "
      "with `samsr data build --stage masks data.out={}` and the settings of this run, or set masks.picture={} to use "
      "them as they are",
      shards.source(), stored ? of_latents : of_images, stored ? of_images : of_latents, sam.variant, masks.picture,
      masks.source, shards.source(), stored ? "latent" : "lr");
}

}  // namespace samsr
