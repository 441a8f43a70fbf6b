#include "core/device_stream.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace samsr {

void leave_default_stream(c10::Device device) {
  const c10::impl::VirtualGuardImpl streams(device.type());
  if (streams.getStream(device) == streams.getDefaultStream(device)) {
    streams.synchronizeDevice(device.index());
    streams.exchangeStream(streams.getStreamFromGlobalPool(device));
  }
}

}  // namespace samsr
