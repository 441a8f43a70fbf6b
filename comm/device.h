#pragma once
// Which device a rank computes on, and how float32 is computed there.

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "comm/communicator.h"
#include "comm/run_settings.h"

namespace samsr {

/// Whether several ranks may compute on one GPU. NCCL refuses it.
enum class GpuSharing { kAllowed, kRefused };

struct DeviceChoice {
  c10::Device device;
  int ranks;  ///< of this host that compute on it, this one among them
};

/// Decides for rank `local_rank` of a host. `setting`: auto, cpu or cuda. `visible`: what each rank of the host sees,
/// by local rank: the UUIDs of its GPUs by index; empty where it can use none. Ranks that see the same GPUs take them
/// in turn; one that sees a GPU of its own (srun --gpus-per-task) takes that. UserError when CUDA is asked for and
/// missing, when only some ranks see a GPU, or when ranks would share one and `sharing` refuses it.
DeviceChoice decide_device(const std::string& setting, const std::vector<std::vector<std::string>>& visible,
                           int local_rank, GpuSharing sharing);

/// decide_device() of `settings` for this rank, and prepare_device() of it. Collective.
DeviceChoice choose_device(const RunSettings& settings, Communicator& communicator,
                           GpuSharing sharing = GpuSharing::kAllowed);

/// How a GPU computes. The CPU computes float32 as it is, and the same bits every time, whatever this says.
struct Arithmetic {
  bool tf32 = false;          ///< float32 products and convolutions with 10 bits of mantissa; else IEEE
  bool deterministic = true;  ///< cuDNN takes only kernels that give the same bits every time
};

/// Prepares this process for computing on `device`; later calls take the place of earlier ones.
/// - A GPU becomes the thread's current device: what ATen does on the current device, such as recording events, would
///   otherwise open a context on the first GPU too, in which every rank of a host would take half a gigabyte.
/// - The thread's current stream is no longer the default one, on which no CUDA graph can be captured.
/// - float32 is IEEE, as on the CPU, unless `arithmetic` says TF32; ATen's own default is TF32 for convolutions.
/// - Attention does not use cuDNN's kernels, which ATen prefers without a gradient and cannot use with one: their plans
///   take seconds to build, and the same layer would give different numbers in training and inference.
/// UserError for TF32 on a CPU, which has no such arithmetic.
void prepare_device(c10::Device device, Arithmetic arithmetic = {});

}  // namespace samsr
