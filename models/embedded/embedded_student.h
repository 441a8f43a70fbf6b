#pragma once
// The student that ships with the program: models/embedded/student.safetensors as it was when the program was built.

#include <string_view>

#include "models/weights/safetensors.h"

namespace samsr {

/// What names the embedded student wherever a model is asked for. A file or folder of that name is ./embedded.
inline constexpr const char* kEmbeddedModel = "embedded";

/// The bytes of the file.
std::string_view embedded_student_file();

/// Its tensors, half precision as in the file. UserError when the program was built with a file that is none.
TensorFile embedded_student();

}  // namespace samsr
