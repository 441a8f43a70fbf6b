#include "eval/upscale/peer_upscaler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "eval/upscale/noise_field.h"

namespace samsr {
namespace {

constexpr const char* kBfloat16 = "bf16";
constexpr std::int64_t kWidestMargin = 40;  // LR pixels
constexpr std::int64_t kBlended = 8;        // LR pixels between two margins

/// UserError where a setting has no meaning for the model.
void check_peer_settings(const PeerModel& model, const UpscaleSettings& settings, const std::string& name) {
  const PeerTraits& traits = model.traits();
  for (const auto& [key, value] :
       {std::pair("upscale.sampler", settings.sampler), std::pair("upscale.noise", settings.noise),
        std::pair("upscale.masks", settings.masks)}) {
    if (value != "auto") {
      throw UserError("{} is {}, but {} is {}, which has no such choice: leave it out", key, value, name,
                      traits.network);
    }
  }
  const PeerSettings defaults;
  if (traits.noise_layers == 0 &&
      (settings.peer.ddim_steps != defaults.ddim_steps || settings.peer.ddim_eta != defaults.ddim_eta)) {
    throw UserError("upscale.ddim_steps and upscale.ddim_eta (--steps) are LDM-SR's, but {} is {}: leave them out",
                    name, traits.network);
  }
  if (settings.peer.precision == kBfloat16 && !traits.in_bfloat16) {
    throw UserError("upscale.precision is bf16, in which {} does not compute: leave it out", traits.network);
  }
}

/// CV_8UC3 or CV_16UC3 RGB to (1,3,H,W) float32 in [0,1].
at::Tensor to_unit(const cv::Mat& rgb) { return levels_of(rgb) / largest_level(rgb.depth()); }

/// Reads windows of a picture as the networks see them.
ReadWindow unit_reader(const cv::Mat& rgb) {
  return [rgb](const TileWindow& window) {
    return to_unit(rgb(cv::Rect(static_cast<int>(window.left), static_cast<int>(window.top),
                                static_cast<int>(window.width), static_cast<int>(window.height))));
  };
}

/// Side up to the next multiple, which is never the side itself.
int next_multiple(int side, int multiple) { return (side / multiple + 1) * multiple; }

}  // namespace

void PeerSettings::bind(Settings& settings) {
  settings
      .add("upscale.precision", precision,
           "numbers that compared methods' networks compute with; bf16 takes less time where the processor has it and "
           "changes levels by one or two")
      .one_of({"fp32", kBfloat16});
  settings
      .add("upscale.ddim_steps", ddim_steps,
           "DDIM steps of LDM-SR; the papers' tables have 15 and 30, its demo takes 100")
      .between(1, 1000);
  settings.add("upscale.ddim_eta", ddim_eta, "noise that LDM-SR's steps add, 0 for none; its demo takes 1")
      .between(0, 1);
  settings
      .add("upscale.predictor", predictor,
           "second file of DASR (net_p.pth) where --model names the first; --model-dir names a folder of both")
      .path();
}

std::string PeerSettings::set() const {
  const PeerSettings defaults;
  return precision != defaults.precision     ? "upscale.precision=" + precision
         : ddim_steps != defaults.ddim_steps ? fmt::format("upscale.ddim_steps={}", ddim_steps)
         : ddim_eta != defaults.ddim_eta     ? fmt::format("upscale.ddim_eta={}", ddim_eta)
         : predictor != defaults.predictor   ? "upscale.predictor=" + predictor
                                             : "";
}

cv::Mat flip_padded(const cv::Mat& picture, int window) {
  cv::Mat padded;
  cv::copyMakeBorder(picture, padded, 0, next_multiple(picture.rows, window) - picture.rows, 0,
                     next_multiple(picture.cols, window) - picture.cols, cv::BORDER_REFLECT);
  return padded;
}

PeerUpscaler::PeerUpscaler(PeerModel& model, const UpscaleSettings& settings, std::string name)
    : model_(model), settings_(settings), name_(std::move(name)) {
  check_peer_settings(model, settings, name_);
  check_tiles(tiles_of(largest_tile()), model.traits().multiple);
  model_.to(model_.device(), settings.peer.precision == kBfloat16 ? at::kBFloat16 : at::kFloat);
}

std::string PeerUpscaler::describe() const {
  return fmt::format("{} ({}){}", model_.traits().network, model_.traits().sizes,
                     settings_.peer.precision == kBfloat16 ? ", bf16" : "");
}

TileSettings PeerUpscaler::tiles_of(std::int64_t side) const {
  TileSettings tiles = settings_.tiles;
  tiles.tile = side;
  const std::int64_t reach = model_.traits().reach;
  if (reach > 0) {
    const std::int64_t wanted = 2 * std::min(reach, kWidestMargin) + kBlended;
    tiles.overlap = std::max(tiles.overlap, std::min(wanted, side / 2));
    tiles.margin = std::clamp<std::int64_t>((tiles.overlap - kBlended) / 2, 0, reach);
  }
  return tiles;
}

std::int64_t PeerUpscaler::largest_tile() const {
  return settings_.tiles.tile > 0 ? settings_.tiles.tile : model_.traits().tile;
}

std::int64_t PeerUpscaler::tiles_at_once() const { return model_.device().is_cpu() ? 1 : settings_.tiles.batch; }

TilePlan PeerUpscaler::plan(cv::Size size) const {
  const PeerTraits& traits = model_.traits();
  const auto window = static_cast<int>(traits.multiple);
  const bool flipped = traits.padding == PeerPadding::kFlipped;
  const cv::Size padded =
      flipped ? cv::Size(next_multiple(size.width, window), next_multiple(size.height, window)) : size;
  const auto planned = [&](std::int64_t side) {
    return TilePlan(padded.height, padded.width, traits.multiple, tiles_of(side));
  };
  std::int64_t side = largest_tile();
  constexpr std::int64_t kSmallestTile = 64;
  while (settings_.tiles.tile == 0 && settings_.memory_mb > 0 && side / 2 >= kSmallestTile &&
         memory_mb(planned(side)) > static_cast<double>(settings_.memory_mb)) {
    side /= 2;
  }
  return planned(side);
}

double PeerUpscaler::memory_mb(const TilePlan& plan) const {
  constexpr double kProgram = 300e6;
  constexpr double kFloat = sizeof(float);
  constexpr double kImageTensors = 4;  // of what the network takes and gives
  const PeerTraits& traits = model_.traits();
  const auto square = static_cast<double>(traits.scale * traits.scale);
  const auto tile = static_cast<double>(plan.tile_height() * plan.tile_width() * tiles_at_once());
  const double number = model_.type() == at::kBFloat16 ? 2 : kFloat;
  const double network = model_.device().is_cpu()
                             ? tile * traits.numbers_per_pixel * number + static_cast<double>(model_.weight_bytes())
                             : 0;
  const double images = tile * 3 * kFloat * (square * kImageTensors + 2.0 * static_cast<double>(traits.noise_layers));
  const double band = 3 * kFloat * static_cast<double>(plan.padded_width() * plan.tile_height()) * square;
  return (kProgram + network + images + band) / 1e6;
}

void PeerUpscaler::upscale(const cv::Mat& rgb, int depth, const TakeResult& take, const TakeProgress& progress) const {
  CV_Assert((rgb.type() == CV_8UC3 || rgb.type() == CV_16UC3) && (depth == CV_8U || depth == CV_16U));
  const at::NoGradGuard no_grad;
  const PeerTraits& traits = model_.traits();
  const bool flipped = traits.padding == PeerPadding::kFlipped;
  const cv::Mat padded = flipped ? flip_padded(rgb, static_cast<int>(traits.multiple)) : rgb;
  const TilePlan tiles = plan(rgb.size());
  const at::Tensor shared = traits.looks_at_whole ? model_.of_picture(to_unit(rgb)) : at::Tensor();
  NoiseField field(settings_.seed, 3);
  const auto noise_of = [&](std::span<const TileWindow> windows) {
    std::vector<at::Tensor> layers;
    for (std::int64_t layer = 0; layer < traits.noise_layers; ++layer) {
      std::vector<at::Tensor> pieces;
      for (const TileWindow& window : windows) {
        pieces.push_back(
            field.piece(static_cast<std::uint64_t>(layer), window.top, window.left, window.height, window.width));
      }
      layers.push_back(at::cat(pieces));
    }
    return layers.empty() ? at::Tensor() : at::stack(layers);
  };
  std::size_t done = 0;
  const auto enlarge = [&](const at::Tensor& cut, std::span<const TileWindow> windows) {
    const at::Tensor answer = model_.enlarge(cut, shared, noise_of(windows)).to(at::kCPU);
    check_answer(answer, name_);
    done += windows.size();
    if (progress) {
      progress(done, tiles.tiles().size());
    }
    return answer;
  };
  std::int64_t row = 0;
  const std::int64_t height = rgb.rows * scale();
  const std::int64_t width = rgb.cols * scale();
  const auto take_rows = [&](const at::Tensor& rows) {
    const std::int64_t wanted = std::min(rows.size(2), height - row);
    if (wanted > 0) {
      take(picture_from_levels(rows.narrow(2, 0, wanted).narrow(3, 0, width) * largest_level(depth), depth));
      row += wanted;
    }
  };
  upscale_tiled(unit_reader(padded), scale(), tiles, tiles_at_once(), enlarge, take_rows);
}

}  // namespace samsr
