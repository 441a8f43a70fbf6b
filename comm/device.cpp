#include "comm/device.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "comm/visible_gpus.h"
#include "core/device_stream.h"
#include "core/error.h"
#include "core/kernels.h"

namespace samsr {
namespace {

using Gpus = std::vector<std::string>;

/// The GPU that each rank takes.
Gpus taken_by_each(const std::vector<Gpus>& visible) {
  Gpus taken;
  for (auto rank = visible.begin(); rank != visible.end(); ++rank) {
    const auto before = static_cast<std::size_t>(std::count(visible.begin(), rank, *rank));
    taken.push_back((*rank)[before % rank->size()]);
  }
  return taken;
}

Gpus lines_of(const std::string& text) {
  Gpus lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

DeviceChoice decide_device(const std::string& setting, const std::vector<Gpus>& visible, int local_rank,
                           GpuSharing sharing) {
  const auto ranks = static_cast<int>(visible.size());
  const auto blind = std::ranges::count_if(visible, &Gpus::empty);
  if (setting == "cpu" || (setting == "auto" && blind == ranks)) {
    return {c10::Device(c10::kCPU), ranks};
  }
  if (blind == ranks) {
    throw UserError(
        "train.device=cuda, but no GPU can be used; check `nvidia-smi`, and that samsr was built with launch/setup "
        "--cuda");
  }
  if (blind > 0) {
    throw UserError(
        "{} of the {} ranks on a host see no GPU, the others do; give each rank one (CUDA_VISIBLE_DEVICES, srun "
        "--gpus-per-task), or set train.device=cpu",
        blind, ranks);
  }
  const Gpus taken = taken_by_each(visible);
  const std::size_t different = std::set(taken.begin(), taken.end()).size();
  if (sharing == GpuSharing::kRefused && different < taken.size()) {
    throw UserError(
        "{} ranks on a host with {} GPU{}, which NCCL cannot share; start one rank a GPU (mpirun --map-by "
        "ppr:{}:node), "
        "or set train.exchange=host, which exchanges gradients through the host's memory",
        ranks, different, different == 1 ? "" : "s", different);
  }
  const auto rank = static_cast<std::size_t>(local_rank);
  const Gpus& mine = visible[rank];
  const auto index = std::ranges::find(mine, taken[rank]) - mine.begin();
  return {c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)),
          static_cast<int>(std::ranges::count(taken, taken[rank]))};
}

DeviceChoice choose_device(const RunSettings& settings, Communicator& communicator, GpuSharing sharing) {
  std::vector<Gpus> visible;
  for (const std::string& each : communicator.gather_on_host(fmt::format("{}", fmt::join(visible_gpus(), "\n")))) {
    visible.push_back(lines_of(each));
  }
  const DeviceChoice choice = decide_device(settings.device, visible, communicator.local_rank(), sharing);
  prepare_device(choice.device);
  return choice;
}

void prepare_device(c10::Device device, Arithmetic arithmetic) {
  if (device.is_cpu() && arithmetic.tf32) {
    throw UserError("train.precision=tf32 needs a GPU, and this rank computes on the CPU; set train.precision=fp32");
  }
  if (!device.is_cpu()) {
    at::accelerator::setDeviceIndex(device.index());
    leave_default_stream(device);
  }
  at::Context& context = at::globalContext();
  // ATen keeps the choice twice, and its profiler throws where the two differ.
  context.setAllowTF32CuDNN(arithmetic.tf32);
  context.setAllowTF32CuBLAS(arithmetic.tf32);
  for (const at::Float32Op operation : {at::Float32Op::CONV, at::Float32Op::RNN, at::Float32Op::MATMUL}) {
    context.setFloat32Precision(at::Float32Backend::CUDA, operation,
                                arithmetic.tf32 ? at::Float32Precision::TF32 : at::Float32Precision::IEEE);
  }
  context.setDeterministicCuDNN(arithmetic.deterministic);
  choose_attention_kernels();
}

}  // namespace samsr
