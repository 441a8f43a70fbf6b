#pragma once
// What the golden tests of compared methods' networks share: the file's weights as a file that was read, and its
// config.

#include "models/peers/peer_keys.h"
#include "models/weights/load_weights.h"
#include "support/golden.h"

namespace samsr::testing {

/// The tensors of `network`, by the rule for the golden file's names, which `own_name` turns into the network's.
/// Fails the running test where a name is not one of the network's, or one of these is not in the file.
inline TensorFile file_by_rule(const Golden& golden, const torch::nn::Module& network, const std::string& prefix,
                               const std::function<std::string(const std::string&)>& own_name) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& item : network.named_parameters()) {
    parameters[item.key()] = item.value();
  }
  TensorFile file;
  for (const std::string& name : golden.param_names()) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    const std::string bare = name.substr(prefix.size());
    const auto found = parameters.find(own_name(bare));
    EXPECT_NE(found, parameters.end()) << name;
    if (found != parameters.end()) {
      file.tensors.emplace_back(bare, rule_seeded(name, found->second.sizes(), golden.salt()));
      parameters.erase(found);
    }
  }
  EXPECT_TRUE(parameters.empty()) << parameters.begin()->first << " is not in the file";
  return file;
}

inline TensorFile file_by_rule(const Golden& golden, const torch::nn::Module& network, const std::string& prefix = "") {
  return file_by_rule(golden, network, prefix, [](const std::string& name) { return name; });
}

template <class Value>
Value in_config(const YAML::Node& node, const char* key, Value otherwise) {
  return node[key] ? node[key].as<Value>() : otherwise;
}

}  // namespace samsr::testing
