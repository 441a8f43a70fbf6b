#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "comm/process_group.h"
#include "core/error.h"

namespace samsr {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator&, c10::Device device) {
  throw UserError("device {} needs the CUDA flavour of samsr; build it with launch/setup --cuda", device.str());
}

}  // namespace samsr
