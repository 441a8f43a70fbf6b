#include "eval/upscale/upscaler.h"

#include <torch/torch.h>

#include <array>

#include "core/error.h"
#include "core/pixels.h"
#include "diffusion/coverage.h"
#include "diffusion/distillation.h"
#include "diffusion/sam_noise.h"
#include "eval/upscale/noise_field.h"
#include "segmentation/coverage_of.h"

namespace samsr {
namespace {

constexpr const char* kOneStep = "one_step";
constexpr const char* kRollout = "rollout";
constexpr const char* kAncestral = "ancestral";

/// The sampler in use; UserError when noise or masks are asked for that exclude it or each other.
std::string sampler_of(const LoadedModel& loaded, const UpscaleSettings& settings) {
  const std::string sampler = settings.sampler != "auto" ? settings.sampler
                              : loaded.method->one_step  ? kOneStep
                                                         : kAncestral;
  const bool masks_named = settings.masks == "graph" || settings.masks == "sam";
  if (settings.noise == "plain" && masks_named) {
    throw UserError(
        "plain noise (upscale.noise) uses no masks, but {} masks are asked for (upscale.masks): leave one of "
        "the two out",
        settings.masks);
  }
  if (settings.noise == "sam" && settings.masks == "none") {
    throw UserError("upscale.noise=sam is shaped by masks, and upscale.masks is none: leave one of the two out");
  }
  if (sampler != kOneStep && (masks_named || settings.noise == "sam")) {
    throw UserError(
        "masks shape the noise of a single step, and this model is sampled in many ({}): leave upscale.masks "
        "and upscale.noise out, or set upscale.sampler=one_step",
        sampler);
  }
  return sampler;
}

/// What shapes the noise of one step; null for plain noise. The device is the model's.
std::unique_ptr<MaskSource> noise_masks(const LoadedModel& loaded, const UpscaleSettings& settings, MaskSettings masks,
                                        at::Device device) {
  const bool as_trained = settings.noise == "auto" && settings.masks == "auto";
  if (settings.noise == "plain" || settings.masks == "none" || (as_trained && !loaded.method->mask_noise)) {
    return nullptr;
  }
  if (settings.masks != "auto") {
    masks.source = settings.masks;
  }
  return make_mask_source(masks, device);
}

double largest_value(int depth) { return depth == CV_16U ? 65535 : 255; }

/// CV_8UC3 or CV_16UC3 RGB to (1,3,H,W) float32 in [-1,1].
at::Tensor to_signed(const cv::Mat& rgb) {
  cv::Mat numbers;
  rgb.convertTo(numbers, CV_32F);
  const at::Tensor levels = at::from_blob(numbers.data, {1, rgb.rows, rgb.cols, 3}, at::kFloat);
  return signed_from_levels(levels, largest_value(rgb.depth())).permute({0, 3, 1, 2}).contiguous();
}

/// (1,3,H,W) float32 in [-1,1] to RGB of `depth`, rounded.
cv::Mat from_signed(const at::Tensor& image, int depth) {
  const at::Tensor numbers = levels_from_signed(image, largest_value(depth))[0].permute({1, 2, 0}).contiguous();
  cv::Mat rgb;
  cv::Mat(static_cast<int>(numbers.size(0)), static_cast<int>(numbers.size(1)), CV_32FC3, numbers.data_ptr<float>())
      .convertTo(rgb, depth);
  return rgb;
}

/// Tiles of `settings`, their side chosen by what a pixel takes: an autoencoder's layers at the size of the result take
/// most.
UpscaleSettings with_tile(UpscaleSettings settings, const FirstStage& first_stage) {
  if (settings.tiles.tile == 0) {
    settings.tiles.tile = first_stage.lossless() ? 512 : 256;
  }
  return settings;
}

/// Cuts 0 … length into equal parts of at most `most`: part boundaries.
std::vector<std::int64_t> equal_parts(std::int64_t length, std::int64_t most) {
  const std::int64_t parts = (length + most - 1) / most;
  std::vector<std::int64_t> bounds;
  for (std::int64_t i = 0; i <= parts; ++i) {
    bounds.push_back(i * length / parts);
  }
  return bounds;
}

}  // namespace

void UpscaleSettings::bind(Settings& registry) {
  registry
      .add("upscale.tile", tiles.tile,
           "side of the tiles, LR pixels; smaller needs less memory; 0: 256 with an autoencoder, 512 without")
      .between(0, 4096)
      .satisfies("0, or 8 and more", [](std::int64_t side) { return side == 0 || side >= 8; });
  registry.add("upscale.overlap", tiles.overlap, "LR pixels that neighbouring tiles share at least").between(0, 1024);
  registry.add("upscale.batch", tiles.batch, "tiles at once on a GPU; a CPU takes one after another").between(1, 256);
  registry.add("upscale.seed", seed, "seed of the noise; the same seed gives the same pictures");
  registry
      .add("upscale.sampler", sampler,
           "one_step; T steps: ancestral (random, ResShift's) or rollout (deterministic, SinSR's); auto: "
           "one_step for a "
           "student, ancestral for a teacher")
      .one_of({"auto", kOneStep, kRollout, kAncestral});
  registry
      .add("upscale.noise", noise,
           "noise of one_step: sam: shaped by masks, as SAMSR; plain, as SinSR; auto: as upscale.masks says, else as "
           "the "
           "student was trained")
      .one_of({"auto", "sam", "plain"});
  registry
      .add("upscale.masks", masks,
           "masks that shape the noise of one_step: graph or sam; none: plain noise; auto: those of masks.source where "
           "the noise is shaped")
      .one_of({"auto", "none", "graph", "sam"});
  registry
      .add("upscale.mask_window", mask_window,
           "LR pixels a side that are segmented at once; the training crops' size gives masks as in training")
      .between(16, 1024);
  registry
      .add("upscale.format", format,
           "format of results in a folder; same: as the input where it is one of these, else png. A file's own name "
           "wins")
      .one_of({"png", "jpeg", "webp", "same"});
  registry.add("upscale.quality", encoder.quality, "quality of JPEG, and of WebP unless upscale.webp_lossless")
      .between(1, 100);
  registry.add("upscale.webp_lossless", encoder.webp_lossless, "write WebP without loss");
  registry.add("upscale.bits", bits, "bits a channel of PNG results; auto: 16 for pictures of 16")
      .one_of({"auto", "8", "16"});
  registry.add("upscale.resume", resume,
               "keep the results that a folder holds already, if they were made by the same model and settings and are "
               "newer than their pictures; false: make all anew");
}

at::Tensor picture_coverage(const cv::Mat& rgb, std::int64_t scale, std::int64_t window, MaskSource& masks,
                            double pool_threshold) {
  cv::Mat eight_bits;
  rgb.convertTo(eight_bits, CV_8U, 255 / largest_value(rgb.depth()));
  const cv::Mat enlarged = enlarged_for_masks(eight_bits, static_cast<int>(scale));
  at::Tensor counts = at::empty({1, 1, rgb.rows, rgb.cols}, at::kByte);
  const std::vector<std::int64_t> rows = equal_parts(rgb.rows, window);
  const std::vector<std::int64_t> columns = equal_parts(rgb.cols, window);
  for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
    for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
      const cv::Rect part(static_cast<int>(columns[c] * scale), static_cast<int>(rows[r] * scale),
                          static_cast<int>((columns[c + 1] - columns[c]) * scale),
                          static_cast<int>((rows[r + 1] - rows[r]) * scale));
      const std::vector<PictureMasks> found =
          coverage_of({enlarged(part).clone()}, static_cast<int>(scale), masks, pool_threshold);
      counts[0][0].slice(0, rows[r], rows[r + 1]).slice(1, columns[c], columns[c + 1]).copy_(found.front().coverage);
    }
  }
  return counts;
}

Upscaler::Upscaler(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks)
    : model_(*loaded.model),
      settings_(with_tile(settings, model_.first_stage())),
      pool_threshold_(masks.pool_threshold),
      sampler_(sampler_of(loaded, settings)),
      masks_(sampler_ == kOneStep ? noise_masks(loaded, settings, masks, model_.unet()->parameters().front().device())
                                  : nullptr),
      masks_name_(settings.masks == "auto" ? masks.source : settings.masks) {
  model_.unet()->eval();
}

std::string Upscaler::describe() const {
  if (sampler_ == kOneStep) {
    return masks_ ? fmt::format("one step, noise shaped by masks ({})", masks_name_) : "one step, plain noise";
  }
  return fmt::format("{} sampling in {} steps", sampler_, model_.diffusion().schedule().steps());
}

at::Tensor Upscaler::student_shift(const cv::Mat& rgb, const TilePlan& plan) const {
  const auto [channels, height, width] = model_.latent_shape(plan.padded_height(), plan.padded_width());
  const at::Tensor noise = NoiseField(settings_.seed, channels).piece(0, 0, 0, height, width);
  const Schedule& schedule = model_.diffusion().schedule();
  // The prior is z_y plus something that z_y has no part in. Computed over the whole picture, because SAM noise
  // and semantic weight are relative to the picture's own statistics, which a tile does not know.
  const at::Tensor nothing = at::zeros_like(noise);
  if (!masks_) {
    return sinsr_start(schedule, nothing, noise).x_T;
  }
  const at::Tensor found = picture_coverage(rgb, scale(), settings_.mask_window, *masks_, pool_threshold_);
  const at::Tensor counts = coverage_at(plan.pad(found), height, width);
  const SamSettings& sam = model_.settings().sam;
  return samsr_start(schedule, sam, nothing, counts, coverage_noise(counts, noise, sam)).x_T;
}

TileModel Upscaler::student(const cv::Mat& rgb, const TilePlan& plan) const {
  return
      [this, &plan, shift = student_shift(rgb, plan)](const at::Tensor& tiles, std::size_t first, std::size_t count) {
        const FirstStage& first_stage = model_.first_stage();
        const at::Tensor z_y = first_stage.encode_lq(tiles, scale()).to(at::kFloat);
        const at::Tensor x_T = z_y + plan.cut(shift, first, count).to(tiles.device());
        const Diffusion& diffusion = model_.diffusion();
        const at::Tensor x_0 =
            diffusion.predict_x0(denoiser_of(model_.unet()), x_T, diffusion.schedule().last(), z_y, tiles);
        return first_stage.decode(x_0).clamp(-1, 1);
      };
}

TileModel Upscaler::teacher(const TilePlan& plan) const {
  return [this, &plan](const at::Tensor& tiles, std::size_t first, std::size_t count) {
    const auto [channels, height, width] = model_.latent_shape(plan.tile_height(), plan.tile_width());
    const NoiseField field(settings_.seed, channels);
    const std::int64_t layers = sampler_ == kAncestral ? model_.diffusion().schedule().steps() : 1;
    std::vector<at::Tensor> steps;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      std::vector<at::Tensor> pieces;
      for (std::size_t i = first; i < first + count; ++i) {
        const auto [top, left] = plan.origins()[i];
        const auto at_tile = model_.latent_shape(top, left);
        pieces.push_back(field.piece(static_cast<std::uint64_t>(layer), at_tile[1], at_tile[2], height, width));
      }
      steps.push_back(at::cat(pieces));
    }
    const at::Tensor noise = at::stack(steps).to(tiles.device());
    return sampler_ == kAncestral ? model_.sample_ancestral(tiles, noise) : model_.sample_rollout(tiles, noise[0]);
  };
}

cv::Mat Upscaler::upscale(const cv::Mat& rgb, int depth) const {
  CV_Assert((rgb.type() == CV_8UC3 || rgb.type() == CV_16UC3) && (depth == CV_8U || depth == CV_16U));
  const at::NoGradGuard no_grad;
  const TilePlan plan(rgb.rows, rgb.cols, model_.lq_multiple(), settings_.tiles);
  const at::Device device = model_.unet()->parameters().front().device();
  const at::Tensor lq = to_signed(rgb).to(device);
  const TileModel model = sampler_ == kOneStep ? student(rgb, plan) : teacher(plan);
  // On a CPU several at once are no faster, and kernels that depend on their number would change roundings.
  const std::int64_t batch = device.is_cpu() ? 1 : settings_.tiles.batch;
  const at::Tensor result = upscale_tiled(lq, scale(), plan, batch, model);
  return from_signed(result, depth);
}

}  // namespace samsr
