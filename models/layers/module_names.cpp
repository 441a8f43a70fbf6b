#include "models/layers/module_names.h"

namespace samsr {

std::shared_ptr<torch::nn::Module> named_slots(
    std::initializer_list<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> children) {
  auto parent = std::make_shared<torch::nn::Module>();
  for (const auto& [name, child] : children) {
    parent->register_module(name, child);
  }
  return parent;
}

}  // namespace samsr
