#pragma once

#include <c10/core/Device.h>

#include "comm/communicator.h"
#include "comm/run_settings.h"

namespace samsr {

/// The device of `settings` for this rank; GPUs are dealt out by the rank's number on its host.
/// UserError when CUDA is asked for and missing, or when a host has more ranks than GPUs.
c10::Device choose_device(const RunSettings& settings, const Communicator& communicator);

/// Sets ATen's threads for this rank: those of `settings`, or an equal share of the host's cores when 0. Returns it.
int set_threads(const RunSettings& settings, const Communicator& communicator);

}  // namespace samsr
