#include "models/peers/dasr.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/layers/module_names.h"
#include "models/layers/weight_count.h"
#include "models/peers/peer_keys.h"

namespace samsr {
namespace {

constexpr double kDasrSlope = 0.1;
constexpr double kPredictorSlope = 0.2;
constexpr std::int64_t kPredictorHidden = 15;  // of the predictor's last layers
constexpr std::size_t kPredictorConvs = 6;
constexpr std::size_t kPredictorHalving = 3;  // the convolution of stride 2
constexpr std::int64_t kPredictorBand = 512;  // rows at once, even
constexpr std::int64_t kPredictorReach = 32;  // even, and more than rows that a map looks at to each side: 8 + 2·2·3

std::shared_ptr<DynamicConv> dynamic_conv(std::int64_t in, std::int64_t out, std::int64_t experts) {
  return std::make_shared<DynamicConv>(in, out, experts);
}

}  // namespace

double DasrGeneratorSettings::weight_count() const {
  const std::int64_t wide = num_feat * (upscale == 3 ? 9 : 4);
  return static_cast<double>(num_models) *
         (conv_count(num_in_ch, num_feat, 3) +
          static_cast<double>(2 * num_block + 1) * conv_count(num_feat, num_feat, 3) +
          (upscale == 4 ? 2 : 1) * conv_count(num_feat, wide, 3) + conv_count(num_feat, num_out_ch, 3));
}

double DasrPredictorSettings::weight_count() const {
  return conv_count(in_nc, nf, 5) + 4 * conv_count(nf, nf, 5) + conv_count(nf, num_params, 5) +
         conv_count(num_params, kPredictorHidden, 1) + conv_count(kPredictorHidden, num_networks, 1);
}

DynamicConv::DynamicConv(std::int64_t in, std::int64_t out, std::int64_t experts) {
  weight_ = register_parameter("weight", torch::empty({experts, out, in, 3, 3}));
  bias_ = register_parameter("bias", torch::zeros({experts, out}));
  torch::nn::init::kaiming_uniform_(weight_.view({experts * out, in, 3, 3}), std::sqrt(5.0));
}

at::Tensor DynamicConv::forward(const at::Tensor& x, const at::Tensor& shares) {
  const std::int64_t images = x.size(0);
  const std::int64_t out = weight_.size(1);
  const std::int64_t in = weight_.size(2);
  const at::Tensor kernels = at::matmul(shares, weight_.flatten(1)).view({images * out, in, 3, 3});
  const at::Tensor bias = at::matmul(shares, bias_).view({images * out});
  if (images == 1) {
    return at::conv2d(x, kernels.contiguous(at::MemoryFormat::ChannelsLast), bias, 1, 1);
  }
  // A group for each image, which has kernels of its own.
  return at::conv2d(x.reshape({1, images * in, x.size(2), x.size(3)}), kernels, bias, 1, 1, 1, images)
      .view({images, out, x.size(2), x.size(3)});
}

MSRResNetDynamicImpl::MSRResNetDynamicImpl(const DasrGeneratorSettings& settings) : settings_(settings) {
  if (settings.upscale < 2 || settings.upscale > 4) {
    throw UserError("DASR has the scales 2, 3 and 4, not {}", settings.upscale);
  }
  const std::int64_t features = settings.num_feat;
  const std::int64_t experts = settings.num_models;
  conv_first_ = register_module("conv_first", dynamic_conv(settings.num_in_ch, features, experts));
  const auto body = register_module("body", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < settings.num_block; ++i) {
    body_.emplace_back(dynamic_conv(features, features, experts), dynamic_conv(features, features, experts));
    body->push_back(named_slots({{"conv1", body_.back().first}, {"conv2", body_.back().second}}));
  }
  const std::int64_t side = settings.upscale == 4 ? 2 : settings.upscale;
  for (std::int64_t i = 0; i < (settings.upscale == 4 ? 2 : 1); ++i) {
    ups_.push_back(
        register_module(fmt::format("upconv{}", i + 1), dynamic_conv(features, features * side * side, experts)));
  }
  conv_hr_ = register_module("conv_hr", dynamic_conv(features, features, experts));
  conv_last_ = register_module("conv_last", dynamic_conv(features, settings.num_out_ch, experts));
}

at::Tensor MSRResNetDynamicImpl::forward(const at::Tensor& x, const at::Tensor& shares) {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.num_in_ch && shares.dim() == 2 && shares.size(0) == x.size(0) &&
                  shares.size(1) == settings_.num_models,
              "MSRResNetDynamic: x (B,", settings_.num_in_ch, ",H,W) and shares (B,", settings_.num_models,
              ") expected, got ", x.sizes(), " and ", shares.sizes());
  const auto activated = [](const at::Tensor& y) { return at::leaky_relu(y, kDasrSlope); };
  at::Tensor h = activated(conv_first_->forward(x, shares));
  for (const auto& [first, second] : body_) {
    h = h + second->forward(at::relu(first->forward(h, shares)), shares);
  }
  const std::int64_t side = settings_.upscale == 4 ? 2 : settings_.upscale;
  for (const auto& up : ups_) {
    h = activated(at::pixel_shuffle(up->forward(h, shares), side));
  }
  h = conv_last_->forward(activated(conv_hr_->forward(h, shares)), shares);
  const auto factor = static_cast<double>(settings_.upscale);
  return h + at::upsample_bilinear2d(x, {h.size(2), h.size(3)}, /*align_corners=*/false, factor, factor);
}

DegradationPredictorImpl::DegradationPredictorImpl(const DasrPredictorSettings& settings) : settings_(settings) {
  const auto slots = register_module("ConvNet", std::make_shared<torch::nn::Module>());
  for (std::size_t i = 0; i < kPredictorConvs; ++i) {
    const torch::nn::Conv2dOptions options =
        torch::nn::Conv2dOptions(i == 0 ? settings.in_nc : settings.nf,
                                 i + 1 == kPredictorConvs ? settings.num_params : settings.nf, 5)
            .stride(i == kPredictorHalving ? 2 : 1)
            .padding(2);
    convs_.push_back(slots->register_module(std::to_string(2 * i), torch::nn::Conv2d(options)));
  }
  map1_ = torch::nn::Linear(settings.num_params, kPredictorHidden);
  map2_ = torch::nn::Linear(kPredictorHidden, settings.num_networks);
  register_module("MappingNet", named_slots({{"0", map1_.ptr()}, {"1", map2_.ptr()}}));
}

at::Tensor DegradationPredictorImpl::maps(const at::Tensor& x) {
  at::Tensor h = x;
  for (torch::nn::Conv2d& conv : convs_) {
    h = at::leaky_relu(conv(h), kPredictorSlope);
  }
  return h;
}

at::Tensor DegradationPredictorImpl::mean_of_maps(const at::Tensor& x) {
  const std::int64_t rows = x.size(2);
  if (at::GradMode::is_enabled() || rows <= kPredictorBand) {
    return maps(x).mean({2, 3});
  }
  at::Tensor sum = at::zeros({x.size(0), settings_.num_params}, x.options());
  for (std::int64_t first = 0; first < rows; first += kPredictorBand) {
    const std::int64_t top = std::max<std::int64_t>(first - kPredictorReach, 0);
    const std::int64_t end = std::min(first + kPredictorBand, rows);
    const std::int64_t bottom = std::min(end + kPredictorReach, rows);
    const at::Tensor band = maps(x.slice(2, top, bottom));
    sum += band.slice(2, (first - top) / 2, (end - top + 1) / 2).sum({2, 3});
  }
  return sum / static_cast<double>(((rows + 1) / 2) * ((x.size(3) + 1) / 2));
}

DegradationPredictorImpl::Prediction DegradationPredictorImpl::forward(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.in_nc, "DegradationPredictor: x must be (B,", settings_.in_nc,
              ",H,W), got ", x.sizes());
  const at::Tensor degradation = mean_of_maps(x);
  return {degradation, map2_(map1_(degradation))};
}

bool is_dasr_generator(const TensorFile& file) {
  return std::any_of(file.tensors.begin(), file.tensors.end(),
                     [](const auto& each) { return each.first == "body.0.conv1.weight" && each.second.dim() == 5; });
}

bool is_dasr_predictor(const TensorFile& file) {
  return has_key(file, "ConvNet.0.weight") && has_key(file, "MappingNet.0.weight");
}

DasrGeneratorSettings dasr_generator_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "DASR's network");
  DasrGeneratorSettings settings;
  settings.num_models = keys.size("conv_first.weight", 0);
  settings.num_feat = keys.size("conv_first.weight", 1);
  settings.num_in_ch = keys.size("conv_first.weight", 2);
  settings.num_out_ch = keys.size("conv_last.weight", 1);
  settings.num_block = keys.count([](std::int64_t i) { return fmt::format("body.{}.conv1.weight", i); });
  const std::int64_t wide = keys.size("upconv1.weight", 1);
  settings.upscale = keys.has("upconv2.weight") ? 4 : wide == 9 * settings.num_feat ? 3 : 2;
  return settings;
}

DasrPredictorSettings dasr_predictor_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "DASR's predictor");
  return {keys.size("ConvNet.0.weight", 1), keys.size("ConvNet.0.weight", 0), keys.size("MappingNet.0.weight", 1),
          keys.size("MappingNet.1.weight", 0)};
}

}  // namespace samsr
