#include "diffusion/flow_map.h"

#include <torch/torch.h>

#include <vector>

#include "diffusion/forward_derivative.h"

namespace samsr {
namespace {

/// (B) as (B,1,1,1) of the type of x.
at::Tensor on_maps(const at::Tensor& numbers, const at::Tensor& x) {
  return numbers.to(x.scalar_type()).view({-1, 1, 1, 1});
}

FlowCondition with_prompt(const FlowCondition& given, std::int64_t prompt) {
  return {given.image, at::full_like(given.prompt, prompt)};
}

}  // namespace

FlowInterval FlowInterval::rows(const at::Tensor& indices) const {
  const auto chosen = [&](const at::Tensor& of) { return of.defined() ? of.index_select(0, indices) : of; };
  return {chosen(x), chosen(s), chosen(t), {chosen(given.image), chosen(given.prompt)}};
}

at::Tensor interpolant(const at::Tensor& z_src, const at::Tensor& z_hr, const at::Tensor& s, const at::Tensor& noise,
                       double sigma) {
  TORCH_CHECK(
      z_src.sizes() == z_hr.sizes() && z_src.sizes() == noise.sizes() && s.dim() == 1 && s.size(0) == z_src.size(0),
      "interpolant: z_src ", z_src.sizes(), ", z_hr ", z_hr.sizes(), ", noise ", noise.sizes(), " and s ", s.sizes(),
      " must agree");
  const at::Tensor share = on_maps(s, z_src);
  return (1 - share) * z_src + share * z_hr + sigma * (share * (1 - share)).sqrt() * noise;
}

at::Tensor flow_map(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t, const at::Tensor& v) {
  return x + on_maps(t - s, x) * v;
}

at::Tensor guided_velocity(const Velocity& guide, const FlowInterval& here, const at::Tensor& velocity, double omega) {
  const torch::NoGradGuard no_grad;
  if (omega == 1) {
    return velocity;
  }
  const at::Tensor away =
      guide(here.x, here.s, here.s, with_prompt(here.given, kNegativePrompt)).to(velocity.scalar_type());
  const at::Tensor positive = here.given.prompt.eq(kPositivePrompt).view({-1, 1, 1, 1});
  return at::where(positive, away + omega * (velocity - away), velocity);
}

VelocityDerivative velocity_derivative(const Velocity& v, const FlowInterval& here, const at::Tensor& dx, double ds,
                                       double dt) {
  const auto f = [&](const std::vector<at::Tensor>& point) { return v(point[0], point[1], point[2], here.given); };
  ForwardDerivative found =
      forward_derivative(f, {here.x, here.s, here.t}, {dx, at::full_like(here.s, ds), at::full_like(here.t, dt)});
  return {std::move(found.value), std::move(found.along)};
}

at::Tensor shortcut_target(const Velocity& v, const FlowInterval& here) {
  const torch::NoGradGuard no_grad;
  const at::Tensor middle = (here.s + here.t) / 2;
  const at::Tensor first = v(here.x, here.s, middle, here.given).to(here.x.scalar_type());
  const at::Tensor second =
      v(flow_map(here.x, here.s, middle, first), middle, here.t, here.given).to(here.x.scalar_type());
  return (first + second) / 2;
}

at::Tensor lagrangian_target(const Velocity& v, const FlowInterval& here) {
  const torch::NoGradGuard no_grad;
  const VelocityDerivative by_t = velocity_derivative(v, here, at::zeros_like(here.x), 0, 1);
  const at::Tensor end = flow_map(here.x, here.s, here.t, by_t.v.to(here.x.scalar_type()));
  return v(end, here.t, here.t, here.given).to(here.x.scalar_type()) - on_maps(here.t - here.s, here.x) * by_t.along;
}

at::Tensor eulerian_target(const Velocity& v, const FlowInterval& here, const at::Tensor& g) {
  const torch::NoGradGuard no_grad;
  return g + on_maps(here.t - here.s, here.x) * velocity_derivative(v, here, g, 1, 0).along;
}

at::Tensor sample_flow_map(const Velocity& v, const at::Tensor& z_src, const at::Tensor& image,
                           const FlowMapSampling& sampling) {
  TORCH_CHECK(sampling.steps > 0, "sample_flow_map: ", sampling.steps, " steps");
  const torch::NoGradGuard no_grad;
  const std::int64_t batch = z_src.size(0);
  const auto numbers = z_src.options().memory_format(std::nullopt);
  const auto asked = [&](std::int64_t prompt) {
    return FlowCondition{image, at::full({batch}, prompt, numbers.dtype(at::kLong))};
  };
  at::Tensor x = z_src;
  for (std::int64_t i = 0; i < sampling.steps; ++i) {
    const at::Tensor s = at::full({batch}, static_cast<double>(i) / static_cast<double>(sampling.steps), numbers);
    const at::Tensor t = at::full({batch}, static_cast<double>(i + 1) / static_cast<double>(sampling.steps), numbers);
    const at::Tensor& seen = sampling.euler ? s : t;
    const auto velocity = [&](std::int64_t prompt) { return v(x, s, seen, asked(prompt)).to(z_src.scalar_type()); };
    at::Tensor mean;
    if (sampling.omega == 1) {
      mean = velocity(sampling.prompt);
    } else {
      const at::Tensor away = velocity(kNegativePrompt);
      mean = away + sampling.omega * (velocity(kPositivePrompt) - away);
    }
    x = flow_map(x, s, t, mean);
  }
  return x;
}

}  // namespace samsr
