#include "models/weights/weights_checksum.h"

#include <ATen/ATen.h>

#include <map>

#include "core/checksum.h"

namespace samsr {

std::uint32_t weights_checksum(const TensorFile& file) {
  const std::map<std::string, at::Tensor> by_name(file.tensors.begin(), file.tensors.end());
  std::uint32_t checksum = 0;
  for (const auto& [name, tensor] : by_name) {
    const at::Tensor plain = (tensor.is_floating_point() ? tensor.to(at::kFloat) : tensor).contiguous();
    checksum = crc32c(name.data(), name.size(), checksum);
    checksum = crc32c(plain.sizes().data(), plain.sizes().size() * sizeof(std::int64_t), checksum);
    checksum = crc32c(plain.const_data_ptr(), plain.nbytes(), checksum);
  }
  return checksum;
}

}  // namespace samsr
