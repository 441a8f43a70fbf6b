#include "models/peers/srvgg.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/layers/prelu.h"
#include "models/layers/weight_count.h"
#include "models/peers/peer_keys.h"

namespace samsr {
namespace {

constexpr double kSrvggLeak = 0.1;
constexpr double kFreshSlope = 0.25;  // of a fresh PReLU

}  // namespace

double SrvggSettings::weight_count() const {
  return conv_count(num_in_ch, num_feat, 3) +
         static_cast<double>(num_conv) * (conv_count(num_feat, num_feat, 3) + static_cast<double>(num_feat)) +
         conv_count(num_feat, num_out_ch * upscale * upscale, 3) + static_cast<double>(num_feat);
}

SRVGGNetCompactImpl::SRVGGNetCompactImpl(const SrvggSettings& settings) : settings_(settings) {
  const bool prelu = settings.act_type == "prelu";
  if (!prelu && settings.act_type != "relu" && settings.act_type != "leakyrelu") {
    throw UserError("SRVGGNetCompact has the activations prelu, relu and leakyrelu, not '{}'", settings.act_type);
  }
  const auto body = register_module("body", std::make_shared<torch::nn::Module>());
  const auto add_conv = [&](std::int64_t in, std::int64_t out) {
    convs_.push_back(body->register_module(std::to_string(2 * convs_.size()), ActivatedConv(in, out)));
  };
  for (std::int64_t i = 0; i <= settings.num_conv; ++i) {
    add_conv(i == 0 ? settings.num_in_ch : settings.num_feat, settings.num_feat);
    if (prelu) {
      const auto slot = body->register_module(std::to_string(2 * i + 1), std::make_shared<torch::nn::Module>());
      slopes_.push_back(slot->register_parameter("weight", torch::full({settings.num_feat}, kFreshSlope)));
    }
  }
  add_conv(settings.num_feat, settings.num_out_ch * settings.upscale * settings.upscale);
}

at::Tensor SRVGGNetCompactImpl::activated(std::size_t conv, const at::Tensor& x) {
  if (!slopes_.empty()) {
    return prelu_over(convs_[conv]->forward(x), slopes_[conv]);
  }
  return convs_[conv]->leaky_relu(x, settings_.act_type == "relu" ? 0.0 : kSrvggLeak);
}

at::Tensor SRVGGNetCompactImpl::forward(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.num_in_ch, "SRVGGNetCompact: x must be (B,", settings_.num_in_ch,
              ",H,W), got ", x.sizes());
  at::Tensor h = x;
  for (std::size_t i = 0; i + 1 < convs_.size(); ++i) {
    h = activated(i, h);
  }
  h = at::pixel_shuffle(convs_.back()->forward(h), settings_.upscale);
  return h + at::upsample_nearest2d(x, {h.size(2), h.size(3)});
}

bool is_srvgg(const TensorFile& file) {
  const auto of_body = [](const auto& each) {
    const std::vector<std::string> parts = key_parts(each.first);
    return parts.size() == 3 && parts[0] == "body" && key_number(parts[1]).has_value();
  };
  const auto first = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [](const auto& each) { return each.first == "body.0.weight"; });
  return first != file.tensors.end() && first->second.dim() == 4 &&
         std::all_of(file.tensors.begin(), file.tensors.end(), of_body);
}

SrvggSettings srvgg_settings_of(const TensorFile& file, const std::string& source) {
  const PeerKeys keys(file, source, "SRVGGNetCompact");
  if (!keys.has("body.1.weight")) {
    throw UserError(
        "{}: looks like the weights of an SRVGGNetCompact whose activation has none, so that nothing tells whether it "
        "is "
        "ReLU or LeakyReLU; published ones have PReLU",
        source);
  }
  const std::int64_t convs = keys.count([](std::int64_t i) { return fmt::format("body.{}.weight", 2 * i); });
  SrvggSettings settings;
  settings.num_feat = keys.size("body.0.weight", 0);
  settings.num_in_ch = settings.num_out_ch = keys.size("body.0.weight", 1);
  settings.num_conv = std::max<std::int64_t>(convs - 2, 0);
  const std::int64_t last = keys.size(fmt::format("body.{}.weight", 2 * (convs - 1)), 0);
  settings.upscale = std::llround(std::sqrt(static_cast<double>(last) / static_cast<double>(settings.num_in_ch)));
  if (convs < 2 || settings.upscale < 1 || last != settings.num_out_ch * settings.upscale * settings.upscale) {
    throw UserError(
        "{}: looks like the weights of an SRVGGNetCompact, but its last layer gives {} channels, expected those of the "
        "picture, {}, times the square of a scale",
        source, last, settings.num_in_ch);
  }
  return settings;
}

}  // namespace samsr
