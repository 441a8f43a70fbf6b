#pragma once
// Small networks of Segment Anything with rule-seeded weights, and pictures for them.

#include <torch/torch.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <vector>

#include "segmentation/sam/network.h"
#include "support/device.h"
#include "support/golden.h"

namespace samsr::testing {

/// Nothing divides anything more than it must: 5 × 5 windows on a grid of 7, three heads here and two there.
inline SamArchitecture odd_architecture() {
  SamArchitecture sizes;
  sizes.img_size = 112;
  sizes.embed_dim = 24;
  sizes.depth = 3;
  sizes.num_heads = 3;
  sizes.global_attn_indexes = {1};
  sizes.window_size = 5;
  sizes.prompt_dim = 32;
  sizes.decoder_mlp_dim = 40;
  sizes.decoder_heads = 2;
  sizes.iou_hidden = 24;
  return sizes;
}

/// The sizes in a golden file's configuration.
inline SamArchitecture architecture_of(const YAML::Node& node) {
  SamArchitecture sizes;
  sizes.img_size = node["img_size"].as<std::int64_t>();
  sizes.depth = node["depth"].as<std::int64_t>();
  sizes.embed_dim = node["embed_dim"].as<std::int64_t>();
  sizes.num_heads = node["num_heads"].as<std::int64_t>();
  sizes.global_attn_indexes = node["global_attn_indexes"].as<std::vector<std::int64_t>>();
  sizes.window_size = node["window_size"].as<std::int64_t>();
  sizes.prompt_dim = node["prompt_dim"].as<std::int64_t>();
  sizes.decoder_mlp_dim = node["decoder_mlp_dim"].as<std::int64_t>();
  sizes.decoder_heads = node["decoder_heads"].as<std::int64_t>();
  sizes.iou_hidden = node["iou_hidden"].as<std::int64_t>();
  return sizes;
}

/// On the tests' device.
inline std::shared_ptr<SamNetwork> seeded_sam(const SamArchitecture& sizes, std::uint64_t salt = 0) {
  auto network = std::make_shared<SamNetwork>(sizes);
  fill_by_rule(*network, salt);
  return placed(network);
}

/// Any picture: bytes that are a function of their place.
inline cv::Mat scrambled_picture(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const auto place = static_cast<std::uint32_t>(x) * 7919U + static_cast<std::uint32_t>(y) * 104729U +
                           static_cast<std::uint32_t>(c) * 1299709U;
        picture.at<cv::Vec3b>(y, x)[c] = static_cast<std::uint8_t>((place * 2654435761U) >> 13);
      }
    }
  }
  return picture;
}

}  // namespace samsr::testing
