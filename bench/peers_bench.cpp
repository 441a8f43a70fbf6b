// One forward pass of a compared method's network at its published size, with weights by rule, for each line on
// standard input: its seconds, one a line. bench/peers_reference.py asks it and PyTorch by turns.
//
//   peers_bench rrdbnet|srvgg|swinir fp32|bf16 SIDE ANSWER
//
// ANSWER: file for the answer, float32. Threads: OMP_NUM_THREADS.

#include <torch/torch.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>

#include "models/layers/activated_conv.h"
#include "models/peers/rrdbnet.h"
#include "models/peers/srvgg.h"
#include "models/peers/swinir.h"
#include "support/golden.h"

namespace {

using Pass = std::function<at::Tensor(const at::Tensor&)>;

template <class Network>
Pass pass_of(Network network, at::ScalarType type) {
  samsr::testing::fill_by_rule(*network, 0);
  samsr::prepare_inference(*network, at::kCPU, type);
  return [network](const at::Tensor& x) mutable { return network->forward(x); };
}

Pass pass_named(const std::string& name, at::ScalarType type) {
  return name == "rrdbnet" ? pass_of(samsr::RRDBNet(samsr::RRDBNetSettings()), type)
         : name == "srvgg" ? pass_of(samsr::SRVGGNetCompact(samsr::SrvggSettings()), type)
                           : pass_of(samsr::SwinIR(samsr::SwinIrSettings()), type);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: peers_bench rrdbnet|srvgg|swinir fp32|bf16 SIDE ANSWER (see peers_reference.py)\n";
    return 2;
  }
  const torch::NoGradGuard no_grad;
  const at::ScalarType type = std::string(argv[2]) == "bf16" ? at::kBFloat16 : at::kFloat;
  const std::int64_t side = std::stoll(argv[3]);
  const Pass pass = pass_named(argv[1], type);
  const at::Tensor x = samsr::testing::rule_seeded("x", {1, 3, side, side}, 0)
                           .abs()
                           .clamp_max(1)
                           .to(type)
                           .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor answer = pass(x).to(at::kFloat).contiguous();
  std::ofstream(argv[4], std::ios::binary)
      .write(static_cast<const char*>(answer.data_ptr()), static_cast<std::streamsize>(answer.nbytes()));
  for (std::string line; std::getline(std::cin, line);) {
    const auto start = std::chrono::steady_clock::now();
    pass(x);
    std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
  }
  return 0;
}
