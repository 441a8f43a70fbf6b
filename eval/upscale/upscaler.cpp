#include "eval/upscale/upscaler.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/pixels.h"
#include "eval/upscale/flow_map_choices.h"
#include "eval/upscale/picture_coverage.h"
#include "eval/upscale/student_noise.h"
#include "eval/upscale/upscaling_memory.h"
#include "segmentation/latent_picture.h"

namespace samsr {
namespace {

constexpr const char* kOneStep = "one_step";
constexpr const char* kRollout = "rollout";
constexpr const char* kAncestral = "ancestral";
constexpr const char* kFlowMap = "flow_map";

/// The sampler in use; UserError when noise or masks are asked for that exclude it or each other.
std::string sampler_of(const LoadedModel& loaded, const UpscaleSettings& settings) {
  if (loaded.method->flow_map) {
    return kFlowMap;
  }
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
  if (sampler != kOneStep && loaded.model->settings().unet.noise_channels > 0) {
    throw UserError(
        "a network with noise channels (unet.noise_channels), as RSD's student, answers in one step, but "
        "upscale.sampler is {}: leave it out",
        sampler);
  }
  return sampler;
}

/// `masks` with the source that upscale.masks names, if it names one.
MaskSettings with_source(MaskSettings masks, const std::string& asked) {
  if (asked == "graph" || asked == "sam") {
    masks.source = asked;
  }
  return masks;
}

/// What shapes the noise of one step; null for plain noise. The device is the model's.
std::unique_ptr<MaskSource> noise_masks(const LoadedModel& loaded, const UpscaleSettings& settings,
                                        const MaskSettings& masks, at::Device device) {
  const bool as_trained = settings.noise == "auto" && settings.masks == "auto";
  if (settings.noise == "plain" || settings.masks == "none" ||
      (as_trained && !masks_shape_noise(*loaded.method, loaded.model->settings().sam))) {
    return nullptr;
  }
  if (masks.source == "sam" && masks.weights.empty()) {
    throw UserError(
        "the noise is to be shaped by Segment Anything's masks, whose weights are missing: put sam_vit_b_01ec64.pth "
        "into the folder of official files (samsr weights list), or name it with masks.weights; without it there are "
        "--masks graph and --noise plain");
  }
  return make_mask_source(masks, device);
}

/// CV_8UC3 or CV_16UC3 RGB to (1,3,H,W) float32 in [-1,1].
at::Tensor to_signed(const cv::Mat& rgb) {
  return signed_from_levels(levels_of(rgb), largest_level(rgb.depth())).contiguous();
}

/// Reads windows of a picture as the network sees them.
ReadWindow signed_reader(const cv::Mat& rgb) {
  return [rgb](const TileWindow& window) {
    return to_signed(rgb(cv::Rect(static_cast<int>(window.left), static_cast<int>(window.top),
                                  static_cast<int>(window.width), static_cast<int>(window.height))));
  };
}

/// (1,3,H,W) float32 in [-1,1] to RGB of `depth`, rounded.
cv::Mat from_signed(const at::Tensor& image, int depth) {
  return picture_from_levels(levels_from_signed(image, largest_level(depth)), depth);
}

}  // namespace

void UpscaleSettings::bind(Settings& registry) {
  registry
      .add("upscale.tile", tiles.tile,
           "side of the tiles, LR pixels; smaller needs less memory; 0: 256 with an autoencoder, 512 without")
      .between(0, 4096)
      .satisfies("0, or 8 and more", [](std::int64_t side) { return side == 0 || side >= 8; });
  registry
      .add("upscale.memory_mb", memory_mb,
           "memory that upscaling may take, MB; with upscale.tile=0 tiles become smaller to keep it, and a picture "
           "whose "
           "estimate is above it is an error; 0: what is free")
      .between(0, 100000000);
  registry.add("upscale.overlap", tiles.overlap, "LR pixels that neighbouring tiles share at least").between(0, 1024);
  registry.add("upscale.batch", tiles.batch, "tiles at once on a GPU; a CPU takes one after another").between(1, 256);
  registry.add("upscale.seed", seed, "seed of the noise; the same seed gives the same pictures").at_least(0U);
  registry
      .add("upscale.scale", scale,
           "how much larger a flow map makes pictures; other models have one factor; 0: the model's own")
      .between(0, 8);
  registry
      .add("upscale.sampler", sampler,
           "one_step; T steps: ancestral (random, ResShift's) or rollout (deterministic, SinSR's); euler: a flow map's "
           "velocity followed in steps of Euler's, without what it knows of intervals; auto: one_step for a student, "
           "ancestral for a teacher, the map itself for a flow map")
      .one_of({"auto", kOneStep, kRollout, kAncestral, kEulerSampler});
  registry.add("upscale.steps", steps, "steps of a flow map (train.recipe=flowmap); 0: one").between(0, 10'000);
  registry
      .add("upscale.guidance", guidance,
           "of a flow map: train: as its training has made it, one pass a step; infer: away from the negative prompt's "
           "answer by ω, two passes; auto: as it was trained (flowmap.guidance)")
      .one_of({"auto", "train", "infer"});
  registry.add("upscale.omega", omega, "ω of guidance while sampling; 0: the model's (flowmap.omega)")
      .between(0.0, 100.0);
  registry.add("upscale.prompt", prompt, "prompt of a flow map").one_of({"positive", "negative"});
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
           "LR pixels a side that are segmented at once; the training crops' size gives masks as in training; 0: 64, "
           "and 512 where the latent is segmented (masks.picture), as the released code does")
      .between(0, 1024)
      .satisfies("0, or 16 and more", [](std::int64_t side) { return side == 0 || side >= 16; });
  registry
      .add("upscale.format", format,
           "format of results in a folder; same: as the input where it is one of these, else png. A file's own name "
           "wins")
      .one_of({"png", "jpeg", "webp", "tiff", "same"});
  registry.add("upscale.quality", encoder.quality, "quality of JPEG, and of WebP unless upscale.webp_lossless")
      .between(1, 100);
  registry.add("upscale.webp_lossless", encoder.webp_lossless, "write WebP without loss");
  registry.add("upscale.bits", bits, "bits a channel of PNG and TIFF results; auto: 16 for pictures of 16")
      .one_of({"auto", "8", "16"});
  registry.add("upscale.resume", resume,
               "keep the results that a folder holds already, if they were made by the same model and settings and are "
               "newer than their pictures; false: make all anew");
  peer.bind(registry);
}

Upscaler::Upscaler(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks)
    : model_(*loaded.model),
      settings_(settings),
      mask_settings_(with_source(masks, settings.masks)),
      sampler_(sampler_of(loaded, settings)),
      flow_map_(flow_map_sampling(loaded, settings)),
      masks_(sampler_ == kOneStep ? noise_masks(loaded, settings, mask_settings_, device()) : nullptr),
      masks_of_latent_(masks_ != nullptr && mask_settings_.of_latents(model_.settings().sam.released())),
      name_(loaded.name.empty() ? "the model" : loaded.name),
      weight_bytes_(model_.first_stage().weight_bytes()) {
  TileSettings tiles = settings_.tiles;
  tiles.tile = largest_tile();
  check_tiles(tiles, model_.lq_multiple());
  for (const at::Tensor& parameter : model_.unet()->parameters()) {
    weight_bytes_ += parameter.nbytes();
  }
  if (masks_of_latent_) {
    check_latents_are_pictures(model_.first_stage().channels(), model_.first_stage().factor(), scale());
  }
  model_.unet()->eval();
}

std::string Upscaler::describe() const {
  if (sampler_ == kOneStep) {
    return masks_ ? fmt::format("one step, noise shaped by masks ({}{})", mask_settings_.source,
                                masks_of_latent_ ? ", of the latent" : "")
                  : "one step, plain noise";
  }
  if (sampler_ == kFlowMap) {
    return fmt::format("flow map in {} step{}{}, {}", flow_map_.steps, flow_map_.steps == 1 ? "" : "s",
                       flow_map_.euler ? " of Euler's" : "",
                       flow_map_.omega != 1                  ? fmt::format("guided by ω = {}", flow_map_.omega)
                       : flow_map_.prompt == kNegativePrompt ? "negative prompt"
                                                             : "positive prompt");
  }
  return fmt::format("{} sampling in {} steps", sampler_, model_.diffusion().schedule().steps());
}

std::string Upscaler::departure() const {
  if (sampler_ != kOneStep || !model_.settings().sam.released() ||
      (masks_of_latent_ && mask_settings_.source == "sam")) {
    return {};
  }
  return fmt::format(
      "samsr.variant=released shapes the noise by Segment Anything's masks of the latent; with {} the result is not "
      "the published one",
      !masks_            ? "plain noise"
      : masks_of_latent_ ? mask_settings_.source + " masks of it"
                         : mask_settings_.source + " masks of the picture");
}

std::int64_t Upscaler::mask_window() const {
  constexpr std::int64_t kTrainingCrop = 64;  // what it shows of the scene
  constexpr std::int64_t kPublishedTile = 512;
  return settings_.mask_window > 0 ? settings_.mask_window : masks_of_latent_ ? kPublishedTile : kTrainingCrop;
}

TileModel Upscaler::student(StudentNoise& noise) const {
  return [this, &noise](const at::Tensor& tiles, std::span<const TileWindow> windows) {
    const at::Tensor z_y = model_.first_stage().encode_lq(tiles, scale()).to(at::kFloat);
    std::vector<at::Tensor> starts;
    std::vector<at::Tensor> channels;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      starts.push_back(noise.start(windows[i], z_y.narrow(0, static_cast<std::int64_t>(i), 1)));
      channels.push_back(noise.network_noise(windows[i]));
    }
    const at::Tensor x_T = starts.size() == 1 ? starts.front() : at::cat(starts);
    const Denoiser denoiser = with_noise(denoiser_of(model_.unet()), at::cat(channels).to(z_y.device()));
    const Diffusion& diffusion = model_.diffusion();
    return model_.image_of(diffusion.predict_x0(denoiser, x_T, diffusion.schedule().last(), z_y, tiles));
  };
}

TileModel Upscaler::teacher(NoiseField& field) const {
  return [this, &field](const at::Tensor& tiles, std::span<const TileWindow> windows) {
    const std::int64_t layers = sampler_ == kAncestral ? model_.diffusion().schedule().steps() : 1;
    std::vector<at::Tensor> steps;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      std::vector<at::Tensor> pieces;
      for (const TileWindow& window : windows) {
        const auto place = model_.latent_shape(window.top, window.left);
        const auto shape = model_.latent_shape(window.height, window.width);
        pieces.push_back(field.piece(static_cast<std::uint64_t>(layer), place[1], place[2], shape[1], shape[2]));
      }
      steps.push_back(at::cat(pieces));
    }
    const at::Tensor noise = at::stack(steps).to(tiles.device());
    return sampler_ == kAncestral ? model_.sample_ancestral(tiles, noise) : model_.sample_rollout(tiles, noise[0]);
  };
}

TileModel Upscaler::flow_map() const {
  return
      [this](const at::Tensor& tiles, std::span<const TileWindow>) { return model_.sample_flow_map(tiles, flow_map_); };
}

std::int64_t Upscaler::largest_tile() const {
  if (settings_.tiles.tile > 0) {
    return settings_.tiles.tile;
  }
  // An autoencoder's layers at the size of the result take most of the memory.
  return model_.first_stage().lossless() ? 512 : 256;
}

TilePlan Upscaler::plan(cv::Size size) const {
  const auto planned = [&](std::int64_t tile) {
    TileSettings tiles = settings_.tiles;
    tiles.tile = tile;
    return TilePlan(size.height, size.width, model_.lq_multiple(), tiles);
  };
  std::int64_t tile = largest_tile();
  if (settings_.tiles.tile > 0) {
    return planned(tile);
  }
  constexpr std::int64_t kSmallestTile = 64;
  const std::int64_t smallest = std::max(kSmallestTile, settings_.tiles.overlap + 2 * model_.lq_multiple());
  while (settings_.memory_mb > 0 && tile / 2 >= smallest &&
         memory_mb(planned(tile)) > static_cast<double>(settings_.memory_mb)) {
    tile /= 2;
  }
  return planned(tile);
}

double Upscaler::memory_mb(const TilePlan& plan) const {
  return upscaling_memory_mb({.settings = model_.settings(),
                              .weight_bytes = weight_bytes_,
                              .layers = sampler_ == kAncestral ? model_.diffusion().schedule().steps() : 1,
                              .batch = tiles_at_once(),
                              .mask_window = masks_ ? mask_window() : 0,
                              .masks_of_latent = masks_of_latent_,
                              .network_on_host = device().is_cpu()},
                             plan);
}

c10::Device Upscaler::device() const { return model_.unet()->parameters().front().device(); }

std::int64_t Upscaler::tiles_at_once() const {
  // On a CPU several at once are no faster, and kernels that depend on their number would change roundings.
  return device().is_cpu() ? 1 : settings_.tiles.batch;
}

ReadWindow Upscaler::coverage(const cv::Mat& rgb, const TilePlan& tiles) const {
  if (!masks_) {
    return {};
  }
  if (masks_of_latent_) {
    return window_reader(latent_coverage(latent(rgb, tiles), mask_window(), *masks_, mask_settings_.pool_threshold));
  }
  const ReadWindow picture =
      window_reader(picture_coverage(rgb, scale(), mask_window(), *masks_, mask_settings_.pool_threshold));
  return [&tiles, picture](const TileWindow& window) { return tiles.read_padded(picture, window); };
}

at::Tensor Upscaler::latent(const cv::Mat& rgb, const TilePlan& tiles) const {
  const ReadWindow picture = signed_reader(rgb);
  const auto padded = [&](const TileWindow& window) { return tiles.read_padded(picture, window); };
  const TilePlan whole =
      plan(cv::Size(static_cast<int>(tiles.padded_width()), static_cast<int>(tiles.padded_height())));
  const auto encode = [this](const at::Tensor& cut, std::span<const TileWindow>) {
    return model_.first_stage().encode_lq(cut.to(device()), scale()).to(at::kCPU, at::kFloat);
  };
  std::vector<at::Tensor> bands;
  upscale_tiled(padded, 1, whole, tiles_at_once(), encode,
                [&](const at::Tensor& rows) { bands.push_back(rows.clone()); });
  return at::cat(bands, 2).to(at::kHalf).to(at::kFloat);
}

void Upscaler::upscale(const cv::Mat& rgb, int depth, const TakeResult& take, const TakeProgress& progress) const {
  CV_Assert((rgb.type() == CV_8UC3 || rgb.type() == CV_16UC3) && (depth == CV_8U || depth == CV_16U));
  const at::NoGradGuard no_grad;
  const TilePlan tiles = plan(rgb.size());
  NoiseField field(settings_.seed, model_.first_stage().channels());
  StudentNoise noise(model_, settings_.seed, tiles, coverage(rgb, tiles));
  const TileModel model = sampler_ == kOneStep ? student(noise) : sampler_ == kFlowMap ? flow_map() : teacher(field);
  std::size_t done = 0;
  const auto checked = [&](const at::Tensor& cut, std::span<const TileWindow> windows) {
    const at::Tensor answer = model(cut.to(device()), windows).to(at::kCPU, at::kFloat);
    check_answer(answer, name_);
    done += windows.size();
    if (progress) {
      progress(done, tiles.tiles().size());
    }
    return answer;
  };
  upscale_tiled(signed_reader(rgb), scale(), tiles, tiles_at_once(), checked,
                [&](const at::Tensor& rows) { take(from_signed(rows, depth)); });
}

}  // namespace samsr
