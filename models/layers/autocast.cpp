#include "models/layers/autocast.h"

#include <ATen/autocast_mode.h>

namespace samsr {

Autocast::Autocast(c10::Device device, bool enabled)
    : type_(device.type()),
      before_enabled_(at::autocast::is_autocast_enabled(type_)),
      before_dtype_(at::autocast::get_autocast_dtype(type_)) {
  at::autocast::set_autocast_enabled(type_, enabled);
  at::autocast::set_autocast_dtype(type_, at::kBFloat16);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (at::autocast::decrement_nesting() == 0) {
    at::autocast::clear_cache();
  }
  at::autocast::set_autocast_enabled(type_, before_enabled_);
  at::autocast::set_autocast_dtype(type_, before_dtype_);
}

}  // namespace samsr
