#include "segmentation/sam/architecture.h"

#include <ATen/ATen.h>

#include <array>
#include <stdexcept>

#include "core/error.h"

namespace samsr {
namespace {

constexpr std::array<const char*, 3> kReleased{"vit_b", "vit_l", "vit_h"};

}  // namespace

SamArchitecture sam_architecture(const std::string& name) {
  SamArchitecture sizes;
  if (name == "vit_l") {
    sizes.embed_dim = 1024;
    sizes.depth = 24;
    sizes.num_heads = 16;
    sizes.global_attn_indexes = {5, 11, 17, 23};
  } else if (name == "vit_h") {
    sizes.embed_dim = 1280;
    sizes.depth = 32;
    sizes.num_heads = 16;
    sizes.global_attn_indexes = {7, 15, 23, 31};
  } else if (name != "vit_b") {
    throw std::invalid_argument("no network of Segment Anything is called '" + name + "'");
  }
  return sizes;
}

std::string recognise_sam(const TensorFile& file, const std::string& source) {
  std::int64_t width = 0;
  std::int64_t depth = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == "image_encoder.patch_embed.proj.weight" && tensor.dim() == 4) {
      width = tensor.size(0);
    } else if (name.starts_with("image_encoder.blocks.") && name.ends_with(".attn.qkv.weight")) {
      ++depth;
    }
  }
  for (const char* name : kReleased) {
    const SamArchitecture sizes = sam_architecture(name);
    if (sizes.embed_dim == width && sizes.depth == depth) {
      return name;
    }
  }
  throw UserError(
      "{}: not weights of Segment Anything's vit_b, vit_l or vit_h: its image encoder has {} blocks of width {}",
      source, depth, width);
}

}  // namespace samsr
