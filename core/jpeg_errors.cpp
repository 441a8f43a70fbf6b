#include "core/jpeg_errors.h"

#include <jerror.h>

namespace samsr {

JpegErrors::JpegErrors() {
  jpeg_std_error(&manager_);
  manager_.error_exit = on_error;
  manager_.emit_message = on_message;
}

void JpegErrors::on_error(j_common_ptr object) {
  auto* errors = static_cast<JpegErrors*>(object->client_data);
  errors->manager_.format_message(object, errors->error_.data());
  std::longjmp(errors->jump_, 1);
}

void JpegErrors::on_message(j_common_ptr object, int level) {
  if (level >= 0) {  // a trace
    return;
  }
  auto* errors = static_cast<JpegErrors*>(object->client_data);
  const int code = errors->manager_.msg_code;
  errors->warned_.set(static_cast<std::size_t>(code) % kCodes);
  switch (code) {
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      if (errors->damage_[0] == '\0') {
        errors->manager_.format_message(object, errors->damage_.data());
      }
      break;
    default:
      break;
  }
}

}  // namespace samsr
