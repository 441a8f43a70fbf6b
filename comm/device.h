#pragma once

#include <c10/core/Device.h>

#include <string>

#include "comm/communicator.h"

namespace samsr {

/// The device of `train.device` for this rank; GPUs are dealt out by the rank's number on its host.
/// UserError when CUDA is asked for and missing, or when a host has more ranks than GPUs.
c10::Device choose_device(const std::string& setting, const Communicator& communicator);

/// Sets ATen's threads for this rank: `threads`, or an equal share of the host's cores when 0. Returns it.
int set_threads(int threads, const Communicator& communicator);

}  // namespace samsr
