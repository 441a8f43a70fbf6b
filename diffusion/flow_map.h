#pragma once
// Flow maps between the latents of a degraded and of a good image (docs/method.md, "FlowMapSR-style"): time 0 is
// z_src, the latent of the enlarged LR image, time 1 is z_hr. Latents are (B,C,h,w), times (B) floating point in [0,1].

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace samsr {

/// Prompts: towards good images, and towards degraded ones.
inline constexpr std::int64_t kPositivePrompt = 0;
inline constexpr std::int64_t kNegativePrompt = 1;

/// What a velocity is conditioned on.
struct FlowCondition {
  at::Tensor image;   ///< (B,C',h,w), of the size of the latents; undefined for none
  at::Tensor prompt;  ///< (B) int64
};

/// v(x,s,t;c), the mean velocity from time s to time t of what is at x at time s, s ≤ t: of the shape of x.
using Velocity = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t,
                                          const FlowCondition& given)>;

/// Where flow maps are asked: x = I_s, and the interval.
struct FlowInterval {
  at::Tensor x;
  at::Tensor s;
  at::Tensor t;
  FlowCondition given;

  /// These samples: indices (R) int64.
  FlowInterval rows(const at::Tensor& indices) const;
};

/// I_s = (1-s) z_src + s z_hr + σ√(s(1-s)) ε, noise standard normal.
at::Tensor interpolant(const at::Tensor& z_src, const at::Tensor& z_hr, const at::Tensor& s, const at::Tensor& noise,
                       double sigma);

/// X_{s,t}(x) = x + (t-s) v, v = v(x,s,t;c).
at::Tensor flow_map(const at::Tensor& x, const at::Tensor& s, const at::Tensor& t, const at::Tensor& v);

/// g of each sample, without gradient: of a positive prompt v̄ + ω(velocity - v̄), v̄ = v_guide(x,s,s;negative); of a
/// negative one the velocity z_hr - z_src itself, as of all where ω = 1, and `guide` is then not asked.
at::Tensor guided_velocity(const Velocity& guide, const FlowInterval& here, const at::Tensor& velocity, double omega);

/// ∂v/∂s · ds + ∂v/∂t · dt + ∂v/∂x · dx at (x,s,t), with v there; ds and dt are the same numbers for all samples.
/// Without gradient.
struct VelocityDerivative {
  at::Tensor v;
  at::Tensor along;
};
VelocityDerivative velocity_derivative(const Velocity& v, const FlowInterval& here, const at::Tensor& dx, double ds,
                                       double dt);

// What v(x,s,t;c) learns from itself, without gradient. The flow map of a velocity field is its own target in each.

/// ½[v_1 + v(x + (m-s) v_1, m, t)], v_1 = v(x,s,m), m = (s+t)/2: two halves make the whole.
at::Tensor shortcut_target(const Velocity& v, const FlowInterval& here);

/// v(X_{s,t}(x),t,t) - (t-s) ∂_t v(x,s,t): the map's end follows the field.
at::Tensor lagrangian_target(const Velocity& v, const FlowInterval& here);

/// g + (t-s)(∂_s v + ∂_x v · g)(x,s,t), t held: its beginning may slide along the field. g is the sample's own, never
/// v(x,s,s), which diverges.
at::Tensor eulerian_target(const Velocity& v, const FlowInterval& here, const at::Tensor& g);

/// How a flow map is sampled.
struct FlowMapSampling {
  std::int64_t steps = 1;  ///< k, of equal length
  std::int64_t prompt = kPositivePrompt;
  double omega = 1;    ///< of guidance while sampling; 1 for none
  bool euler = false;  ///< each step is one of Euler's, of the velocity v(x,s,s;c) at its beginning
};

/// x ← X_{i/k,(i+1)/k}(x) for i = 0 … k-1 from z_src, with no gradient; with `euler` x ← x + (t-s) v(x,s,s;c). With ω
/// other than 1 each step is of v_negative + ω(v_positive - v_negative), two passes, and the prompt is of no account.
/// image: FlowCondition's.
at::Tensor sample_flow_map(const Velocity& v, const at::Tensor& z_src, const at::Tensor& image,
                           const FlowMapSampling& sampling);

}  // namespace samsr
