#include "models/weights/finite_weights.h"

#include "core/error.h"
#include "core/finite.h"
#include "models/weights/printable.h"

namespace samsr {

void check_finite(const std::string& name, const at::Tensor& tensor, const std::string& source) {
  const std::string found = not_finite(tensor);
  if (!found.empty()) {
    throw UserError("{}: tensor '{}' holds {}; the file is damaged or its training diverged", source, printable(name),
                    found);
  }
}

}  // namespace samsr
