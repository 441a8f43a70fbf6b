#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <string>

#include "core/settings.h"
#include "data/images/image_writer.h"
#include "eval/upscale/peer_settings.h"
#include "eval/upscale/picture_upscaler.h"
#include "eval/upscale/tiling.h"
#include "models/super_resolution/super_resolution_model.h"
#include "segmentation/mask_source.h"

namespace samsr {

/// Section `upscale.`.
struct UpscaleSettings {
  TileSettings tiles{.tile = 0};  ///< a tile of 0: by the first stage
  std::uint64_t seed = 1;
  std::int64_t scale = 0;  ///< of a flow map; 0: the one that its file says
  std::string sampler = "auto";
  std::int64_t steps = 0;  ///< of a flow map, as the next three; 0: one
  std::string guidance = "auto";
  double omega = 0;  ///< 0: the model's
  std::string prompt = "positive";
  std::string noise = "auto";
  std::string masks = "auto";
  std::int64_t mask_window = 0;  ///< LR pixels; 0: what suits the picture that is segmented
  std::string format = "png";    ///< of results whose names do not say it
  EncoderSettings encoder;
  std::string bits = "auto";
  std::int64_t memory_mb = 0;  ///< 0: what is free
  ImageLimits images{};        ///< of pictures that are read; section `images.`
  bool resume = true;
  PeerSettings peer{};  ///< of compared methods

  void bind(Settings& settings);
};

class NoiseField;
class StudentNoise;

/// A model of samsr's kinds ready for pictures of any size. The result is a pure function of (weights, settings,
/// picture), and away from the borders the same for any tiles.
class Upscaler : public PictureUpscaler {
 public:
  using PictureUpscaler::upscale;

  /// `loaded` must outlive the upscaler. `masks`: how the masks of SAM noise are made. UserError when their weights
  /// are missing, or sampler, noise, masks and what is asked of a flow map, or tile and overlap contradict each other
  /// or the model.
  Upscaler(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks);

  std::int64_t scale() const override { return model_.settings().scale; }
  bool uses_masks() const { return masks_ != nullptr; }
  /// One line for the log: sampler and noise in use.
  std::string describe() const override;
  /// What the user chose so that a student of the variant `released` is not used as it was published, as a line for the
  /// log; empty where nothing is.
  std::string departure() const override;

  /// The tiles that a picture of this size is cut into. Where the settings leave their side open, it follows from the
  /// model and, where upscale.memory_mb is set, from that; never from what is free, so that results do not.
  TilePlan plan(cv::Size size) const override;
  /// Memory of this process that a picture cut so takes, all in all, beside what is read and written of files; MB.
  double memory_mb(const TilePlan& plan) const override;

  void upscale(const cv::Mat& rgb, int depth, const TakeResult& take, const TakeProgress& progress = {}) const override;

 private:
  TileModel student(StudentNoise& noise) const;
  TileModel teacher(NoiseField& field) const;
  TileModel flow_map() const;
  /// Reads how many masks lie over the padded picture; empty for plain noise.
  ReadWindow coverage(const cv::Mat& rgb, const TilePlan& tiles) const;
  /// The latent (1,3,H,W) of the padded picture, float32 numbers that half has too, as the shards' are.
  at::Tensor latent(const cv::Mat& rgb, const TilePlan& tiles) const;
  std::int64_t mask_window() const;
  c10::Device device() const;
  std::int64_t tiles_at_once() const;
  std::int64_t largest_tile() const;

  SuperResolutionModel& model_;
  const UpscaleSettings settings_;
  const MaskSettings mask_settings_;  ///< with the source in use
  const std::string sampler_;
  const FlowMapSampling flow_map_;           ///< of a flow map
  const std::unique_ptr<MaskSource> masks_;  ///< null for plain noise, and for none
  const bool masks_of_latent_;
  const std::string name_;  ///< of the model
  std::size_t weight_bytes_;
};

}  // namespace samsr
