#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/weights/safetensors.h"

namespace samsr {

/// Sizes of Segment Anything's networks, named as in the official code. The defaults are ViT-B.
struct SamArchitecture {
  std::int64_t img_size = 1024;  ///< side of the square the network sees, pixels; a multiple of the patch
  std::int64_t patch_size = 16;
  std::int64_t embed_dim = 768;
  std::int64_t depth = 12;  ///< blocks of the image encoder
  std::int64_t num_heads = 12;
  std::vector<std::int64_t> global_attn_indexes{2, 5, 8, 11};  ///< blocks that attend beyond their windows
  std::int64_t window_size = 14;                               ///< patches
  std::int64_t prompt_dim = 256;                               ///< channels of embeddings and tokens
  std::int64_t decoder_mlp_dim = 2048;
  std::int64_t decoder_heads = 8;
  std::int64_t iou_hidden = 256;

  /// Side of the image embedding, patches.
  std::int64_t grid() const { return img_size / patch_size; }
  /// Side of the decoder's masks.
  std::int64_t low_res_side() const { return 4 * grid(); }
};

/// "vit_b", "vit_l" or "vit_h", as released. std::invalid_argument for another name.
SamArchitecture sam_architecture(const std::string& name);

/// Which of the released networks the tensors of a weight file belong to, by their width and number of blocks:
/// its name. UserError naming `source` when they are none of them.
std::string recognise_sam(const TensorFile& file, const std::string& source);

}  // namespace samsr
