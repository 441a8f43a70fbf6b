#include "models/weights/finite_weights.h"

#include <ATen/ATen.h>

#include <limits>

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
  if (tensor.scalar_type() == at::kDouble && !not_finite(tensor.to(at::kFloat)).empty()) {
    throw UserError(
        "{}: tensor '{}' has numbers beyond {:.2g}, the largest of single precision, in which networks compute", source,
        printable(name), std::numeric_limits<float>::max());
  }
}

}  // namespace samsr
