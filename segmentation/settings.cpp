#include "segmentation/settings.h"

namespace samsr {

void MaskSettings::bind(Settings& settings) {
  settings
      .add("masks.source", source, "what makes the masks: Segment Anything, or a graph segmentation without weights")
      .one_of({"graph", "sam"});
  settings.add("masks.weights", weights, "sam: weights of ViT-B, -L or -H, such as sam_vit_b_01ec64.pth").path();
  settings.add("masks.precision", precision, "sam: numbers of the network").one_of({"fp32", "bf16"});
  settings.add("masks.images_per_batch", images_per_batch, "sam: images encoded at once; several keep a GPU busy")
      .between(1, 1024);
  settings
      .add("masks.picture", picture,
           "what is segmented: lr: the LR image, enlarged, as the paper has it; latent: its latent, as the released "
           "code "
           "does; auto: latent where samsr.variant=released and masks.source=sam, else lr")
      .one_of({"auto", "lr", "latent"});
  settings
      .add("masks.latent_range", latent_range,
           "latents are stretched to bytes from the least to the greatest number of each sample, or of a batch of "
           "masks.range_group consecutive samples of a shard; a picture that is upscaled is a batch of its own")
      .one_of({"sample", "batch"});
  settings.add("masks.range_group", range_group, "samples that masks.latent_range=batch stretches alike")
      .between(1, 4096);
  automatic.bind(settings);
  settings.add("masks.graph_reduce", graph_reduce, "graph masks: segment the image this many times smaller")
      .between(1, 16);
  settings.add("masks.graph_sigma", graph_sigma, "graph masks: blur before segmenting, pixels of the reduced image")
      .between(0.0, 50.0);
  settings.add("masks.graph_k", graph_k, "graph masks: preference for large segments, one number for each scale")
      .above(0.0)
      .at_most(1e6)
      .satisfies("at least one", [](const std::vector<double>& k) { return !k.empty(); });
  settings.add("masks.graph_min_size", graph_min_size, "graph masks: smallest segment of each scale, reduced pixels")
      .at_least(1);
  settings.add("masks.graph_min_area", graph_min_area, "graph masks: smallest mask, share of the image")
      .between(0.0005, 1.0);
  settings.add("masks.graph_max_area", graph_max_area, "graph masks: largest mask, share of the image")
      .between(0.0, 1.0);
  settings
      .add("masks.graph_same", graph_same,
           "graph masks: intersection over union from which masks of two scales are one")
      .above(0.0)
      .at_most(1.0);
  settings.add("masks.pool_threshold", pool_threshold, "share of its pixels from which a pooled pixel is covered")
      .between(0.0, 1.0);
}

void MaskSettings::check() const {
  if (source == "sam" && weights.empty()) {
    throw UserError(
        "masks.source is sam, but masks.weights is not set; give the file sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth "
        "or sam_vit_h_4b8939.pth of github.com/facebookresearch/segment-anything, or use masks.source=graph");
  }
  automatic.check();
  if (graph_k.size() != graph_min_size.size()) {
    throw UserError("masks.graph_min_size has {} numbers for the {} scales of masks.graph_k; give one for each",
                    graph_min_size.size(), graph_k.size());
  }
  if (graph_min_area > graph_max_area) {
    throw UserError("masks.graph_min_area is {}, above masks.graph_max_area, {}; no mask would be kept", graph_min_area,
                    graph_max_area);
  }
}

}  // namespace samsr
