// Fuzz targets compute on one thread as it is, without OpenMP's runtime of the other compiler.

#include "core/parallel.h"

namespace samsr {
OneCore::OneCore() : before_(1) {}
OneCore::~OneCore() = default;
}  // namespace samsr
