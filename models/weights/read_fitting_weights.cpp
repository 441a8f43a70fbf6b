#include "models/weights/read_fitting_weights.h"

#include "models/weights/weight_file.h"

namespace samsr {

NamedWeights read_fitting_weights(const std::filesystem::path& file, const std::vector<WantedWeight>& wanted,
                                  const std::string& network, bool (*ignored)(std::string_view name)) {
  TensorFile found = read_weights(file);
  std::erase_if(found.tensors, [&](const auto& tensor) { return ignored(tensor.first); });
  return fitting_weights(found, wanted, file.string(), network);
}

}  // namespace samsr
