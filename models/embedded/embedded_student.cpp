#include "models/embedded/embedded_student.h"

extern "C" {
extern const char samsr_embedded_student_begin[];
extern const char samsr_embedded_student_end[];
}

namespace samsr {

std::string_view embedded_student_file() {
  return {samsr_embedded_student_begin,
          static_cast<std::size_t>(samsr_embedded_student_end - samsr_embedded_student_begin)};
}

TensorFile embedded_student() {
  return parse_safetensors(embedded_student_file(), "the embedded student (models/embedded/student.safetensors)");
}

}  // namespace samsr
