// Group norm with SiLU on maps of the paper's network and its autoencoder, channels last, beside a copy of the maps:
// time of a call, and the rate at which the bytes move that it cannot do without (forward: the maps read twice and
// written once; backward: maps and gradient read twice, one written).
//
//   normalise_bench --device cuda --batch 32
//   SAMSR_PLAIN=1 normalise_bench --device cuda       by LibTorch's operators

#include <fmt/core.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>

#include "models/layers/basic_layers.h"
#include "models/layers/normalise.h"

namespace {

using Clock = std::chrono::steady_clock;

void wait_for(c10::Device device) {
  if (device.is_cuda()) {
    torch::cuda::synchronize(device.index());
  }
}

/// Seconds of a call, over as many as take a tenth of a second, after three that are not counted.
double seconds_of(c10::Device device, const std::function<void()>& call) {
  for (int i = 0; i < 3; ++i) {
    call();
  }
  wait_for(device);
  const auto start = Clock::now();
  std::chrono::duration<double> past{};
  int calls = 0;
  while (past.count() < 0.1) {
    for (int i = 0; i < 10; ++i) {
      call();
    }
    calls += 10;
    wait_for(device);
    past = Clock::now() - start;
  }
  return past.count() / calls;
}

struct Shape {
  std::int64_t channels, side;
};

void measure(c10::Device device, std::int64_t batch, const Shape& shape, at::ScalarType type) {
  torch::nn::GroupNorm norm = samsr::group_norm(shape.channels);
  norm->to(device);
  at::Tensor x = torch::randn({batch, shape.channels, shape.side, shape.side}, at::TensorOptions(device).dtype(type))
                     .contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor copy = torch::empty_like(x);
  const at::Tensor upstream = torch::randn_like(x);
  const auto forward = [&] { return samsr::normalised(norm, x, samsr::Activation::kSilu); };
  const double copying = seconds_of(device, [&] { copy.copy_(x); });
  const double forwards = [&] {
    const torch::NoGradGuard no_grad;
    return seconds_of(device, forward);
  }();
  x.requires_grad_();
  const std::vector<at::Tensor> inputs{x, norm->weight, norm->bias};
  const at::Tensor y = forward();
  const double backwards =
      seconds_of(device, [&] { torch::autograd::grad({y}, inputs, {upstream}, /*retain_graph=*/true); });
  const double bytes = static_cast<double>(x.nbytes());
  fmt::print(
      "{:>4}x{:<3} {}: copy {:8.1f} us {:5.0f} GB/s, forward {:8.1f} us {:5.0f} GB/s, backward {:8.1f} us {:5.0f} "
      "GB/s\n",
      shape.channels, shape.side, type == at::kFloat ? "fp32" : "bf16", 1e6 * copying, 2 * bytes / copying / 1e9,
      1e6 * forwards, 3 * bytes / forwards / 1e9, 1e6 * backwards, 5 * bytes / backwards / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  std::string device = "cpu";
  std::int64_t batch = 32;
  CLI::App app("times group norm");
  app.add_option("--device", device);
  app.add_option("--batch", batch)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  c10::Device on(device);
  if (on.is_cuda() && !on.has_index()) {
    on.set_index(0);
  }
  for (const at::ScalarType type : {at::kBFloat16, at::kFloat}) {
    for (const Shape shape : {Shape{160, 64}, {320, 64}, {320, 32}, {640, 16}, {640, 8}, {1280, 8}, {128, 256}}) {
      measure(on, shape.side == 256 ? std::min<std::int64_t>(batch, 8) : batch, shape, type);
    }
  }
  return 0;
}
