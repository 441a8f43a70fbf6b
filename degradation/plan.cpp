#include "degradation/plan.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

namespace samsr {
namespace {

using Json = nlohmann::ordered_json;

double draw_between(const std::vector<double>& range, Rng& rng) { return rng.uniform(range[0], range[1]); }

int draw_kernel_size(const DegradationOrder& order, Rng& rng) {
  const int choices = (order.blur_kernel_size - order.blur_kernel_min) / 2 + 1;
  return order.blur_kernel_min + 2 * static_cast<int>(rng.below(static_cast<std::uint64_t>(choices)));
}

/// Half the shapes are below the Gaussian's 1, half above, whatever the range's ends.
double draw_shape(const std::vector<double>& range, Rng& rng) {
  return rng.bernoulli(0.5) ? rng.uniform(range[0], 1.0) : rng.uniform(1.0, range[1]);
}

KernelSpec draw_blur(const DegradationOrder& order, Rng& rng) {
  using std::numbers::pi;
  KernelSpec spec;
  spec.size = draw_kernel_size(order, rng);
  if (rng.bernoulli(order.sinc_prob)) {
    // Small kernels cannot hold low cutoffs.
    constexpr int kLargeKernel = 13;
    spec.kind = "sinc";
    spec.cutoff = rng.uniform(spec.size < kLargeKernel ? pi / 3 : pi / 5, pi);
    return spec;
  }
  spec.kind = order.kernel_list[rng.choice(order.kernel_prob)];
  spec.sigma_x = draw_between(order.blur_sigma, rng);
  if (is_anisotropic(spec.kind)) {
    spec.sigma_y = draw_between(order.blur_sigma, rng);
    spec.theta = rng.uniform(-pi, pi);
  }
  if (has_shape(spec.kind)) {
    spec.beta = draw_shape(spec.kind.starts_with("plateau") ? order.betap_range : order.betag_range, rng);
  }
  return spec;
}

ResizeMode draw_mode(Rng& rng) { return static_cast<ResizeMode>(rng.below(3)); }

ResizePlan draw_resize(const DegradationOrder& order, Rng& rng) {
  ResizePlan plan;
  switch (rng.choice(order.resize_prob)) {
    case 0:
      plan.factor = rng.uniform(1.0, order.resize_range[1]);
      break;
    case 1:
      plan.factor = rng.uniform(order.resize_range[0], 1.0);
      break;
    default:
      break;
  }
  plan.mode = draw_mode(rng);
  return plan;
}

NoisePlan draw_noise(const DegradationOrder& order, Rng& rng) {
  NoisePlan plan;
  plan.gaussian = rng.bernoulli(order.gaussian_noise_prob);
  plan.level = draw_between(plan.gaussian ? order.noise_range : order.poisson_scale_range, rng);
  plan.grey = rng.bernoulli(order.gray_noise_prob);
  return plan;
}

int draw_quality(const DegradationOrder& order, Rng& rng) {
  return static_cast<int>(std::lround(draw_between(order.jpeg_range, rng)));
}

Json describe(const KernelSpec& spec) {
  Json json{{"kind", spec.kind}, {"size", spec.size}};
  if (spec.kind == "sinc") {
    json["cutoff"] = spec.cutoff;
    return json;
  }
  json["sigma_x"] = spec.sigma_x;
  if (is_anisotropic(spec.kind)) {
    json["sigma_y"] = spec.sigma_y;
    json["theta"] = spec.theta;
  }
  if (has_shape(spec.kind)) {
    json["beta"] = spec.beta;
  }
  return json;
}

Json describe(const OrderPlan& plan) {
  Json json;
  if (plan.blur) {
    json["blur"] = describe(*plan.blur);
  }
  json["resize"] = {{"factor", plan.resize.factor}, {"mode", resize_mode_name(plan.resize.mode)}};
  json["noise"] = {{"kind", plan.noise.gaussian ? "gaussian" : "poisson"},
                   {plan.noise.gaussian ? "sigma" : "scale", plan.noise.level},
                   {"grey", plan.noise.grey}};
  return json;
}

}  // namespace

DegradationPlan draw_plan(const DegradationSettings& settings, cv::Size crops, Rng& rng) {
  CV_Assert(crops.width >= 1 && crops.height >= 1);
  DegradationPlan plan;
  plan.first = {draw_blur(settings.first, rng), draw_resize(settings.first, rng), draw_noise(settings.first, rng)};
  plan.first_jpeg = draw_quality(settings.first, rng);
  if (rng.bernoulli(settings.second_order_prob)) {
    OrderPlan& second = plan.second.emplace();
    if (rng.bernoulli(settings.second_blur_prob)) {
      second.blur = draw_blur(settings.second, rng);
    }
    second.resize = draw_resize(settings.second, rng);
    second.noise = draw_noise(settings.second, rng);
  }
  plan.jpeg_last = rng.bernoulli(0.5);
  plan.final_resize = draw_mode(rng);
  if (rng.bernoulli(settings.final_sinc_prob)) {
    KernelSpec& sinc = plan.final_sinc.emplace();
    sinc.kind = "sinc";
    sinc.size = draw_kernel_size(settings.second, rng);
    sinc.cutoff = rng.uniform(std::numbers::pi / 3, std::numbers::pi);
  }
  plan.final_jpeg = draw_quality(settings.second, rng);
  plan.crop = draw_crop_corner(crops, rng);
  return plan;
}

cv::Point draw_crop_corner(cv::Size crops, Rng& rng) {
  const int x = static_cast<int>(rng.below(static_cast<std::uint64_t>(crops.width)));
  const int y = static_cast<int>(rng.below(static_cast<std::uint64_t>(crops.height)));
  return {x, y};
}

std::string to_json(const DegradationPlan& plan) {
  Json json;
  json["first"] = describe(plan.first);
  json["first"]["jpeg"] = plan.first_jpeg;
  if (plan.second) {
    json["second"] = describe(*plan.second);
  }
  Json& last = json["final"];
  last["order"] = plan.jpeg_last ? "resize sinc jpeg" : "jpeg resize sinc";
  last["resize"] = resize_mode_name(plan.final_resize);
  if (plan.final_sinc) {
    last["sinc"] = describe(*plan.final_sinc);
  }
  last["jpeg"] = plan.final_jpeg;
  last["crop"] = {plan.crop.x, plan.crop.y};
  return json.dump();
}

std::string bicubic_to_json(cv::Point corner) {
  return Json{{"kind", "bicubic"}, {"crop", {corner.x, corner.y}}}.dump();
}

}  // namespace samsr
