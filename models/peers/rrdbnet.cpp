#include "models/peers/rrdbnet.h"

#include "core/error.h"
#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/weight_count.h"

namespace samsr {
namespace {

constexpr double kDenseSlope = 0.2;
constexpr double kDenseScale = 0.2;
constexpr std::int64_t kDenseConvs = 5;
constexpr std::int64_t kDenseBlocks = 3;

}  // namespace

std::int64_t RRDBNetSettings::reach() const {
  // Behind each doubling a convolution reaches half as far: 1/2 + 1/4 + … + what conv_hr and conv_last add.
  return (2 + kDenseBlocks * kDenseConvs * num_block) * unshuffle + 3;
}

double RRDBNetSettings::weight_count() const {
  double dense = conv_count(num_feat + 4 * num_grow_ch, num_feat, 3);
  for (std::int64_t i = 0; i + 1 < kDenseConvs; ++i) {
    dense += conv_count(num_feat + i * num_grow_ch, num_grow_ch, 3);
  }
  return conv_count(num_in_ch * unshuffle * unshuffle, num_feat, 3) +
         static_cast<double>(kDenseBlocks * num_block) * dense +
         static_cast<double>(2 + doublings) * conv_count(num_feat, num_feat, 3) + conv_count(num_feat, num_out_ch, 3);
}

RRDBNetSettings RRDBNetSettings::with_basicsr_scale(std::int64_t scale) const {
  if (scale != 1 && scale != 2 && scale != 4) {
    throw UserError("RRDBNet has the scales 4, 2 and 1 in BasicSR, not {}", scale);
  }
  RRDBNetSettings settings = *this;
  settings.doublings = 2;
  settings.unshuffle = 4 / scale;
  return settings;
}

ResidualDenseBlock::ResidualDenseBlock(std::int64_t features, std::int64_t growth) {
  for (std::int64_t i = 0; i < kDenseConvs; ++i) {
    const bool last = i + 1 == kDenseConvs;
    convs_.push_back(
        register_module(fmt::format("conv{}", i + 1),
                        ActivatedConv(features + i * growth, last ? features : growth, 3, last ? kDenseScale : 1.0)));
  }
}

at::Tensor ResidualDenseBlock::forward(const at::Tensor& x) {
  at::Tensor all = x;
  for (std::size_t i = 0; i + 1 < convs_.size(); ++i) {
    all = at::cat({all, convs_[i]->leaky_relu(all, kDenseSlope)}, 1);
  }
  return convs_.back()->add(all, x);
}

RRDBNetImpl::RRDBNetImpl(const RRDBNetSettings& settings) : settings_(settings) {
  const std::int64_t features = settings.num_feat;
  conv_first_ = register_module("conv_first",
                                ActivatedConv(settings.num_in_ch * settings.unshuffle * settings.unshuffle, features));
  const auto body = register_module("body", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < settings.num_block; ++i) {
    auto& dense = body_.emplace_back();
    for (std::int64_t k = 0; k < kDenseBlocks; ++k) {
      dense.push_back(std::make_shared<ResidualDenseBlock>(features, settings.num_grow_ch));
    }
    body->push_back(named_slots({{"rdb1", dense[0]}, {"rdb2", dense[1]}, {"rdb3", dense[2]}}));
  }
  conv_body_ = register_module("conv_body", ActivatedConv(features, features));
  for (std::int64_t i = 0; i < settings.doublings; ++i) {
    ups_.push_back(register_module(fmt::format("conv_up{}", i + 1), ActivatedConv(features, features)));
  }
  conv_hr_ = register_module("conv_hr", ActivatedConv(features, features));
  conv_last_ = register_module("conv_last", ActivatedConv(features, settings.num_out_ch));
}

at::Tensor RRDBNetImpl::forward(const at::Tensor& x) {
  const std::int64_t fold = settings_.unshuffle;
  TORCH_CHECK(x.dim() == 4 && x.size(1) == settings_.num_in_ch && x.size(2) % fold == 0 && x.size(3) % fold == 0,
              "RRDBNet: x must be (B,", settings_.num_in_ch, ",H,W) with H and W multiples of ", fold, ", got ",
              x.sizes());
  const at::Tensor first = conv_first_(fold > 1 ? at::pixel_unshuffle(x, fold) : x);
  at::Tensor h = first;
  for (const auto& dense : body_) {
    at::Tensor inner = h;
    for (const auto& block : dense) {
      inner = block->forward(inner);
    }
    h = at::add(h, inner, kDenseScale);
  }
  h = conv_body_->add(h, first);
  for (ActivatedConv& up : ups_) {
    h = up->leaky_relu(doubled(h), kDenseSlope);
  }
  return conv_last_(conv_hr_->leaky_relu(h, kDenseSlope));
}

}  // namespace samsr
