#include "models/weights/load_weights.h"

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "models/weights/adapter_names.h"
#include "models/weights/finite_weights.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

constexpr std::size_t kShown = 4;

std::string listing(const std::string& title, const std::vector<std::string>& names) {
  if (names.empty()) {
    return {};
  }
  std::string text = fmt::format("; {} {}: ", names.size(), title);
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  }
  return names.size() > kShown ? text + fmt::format(" and {} more", names.size() - kShown) : text;
}

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

NamedParameters named_state(const torch::nn::Module& module) {
  NamedParameters state;
  for (const auto& item : module.named_parameters()) {
    state.emplace_back(item.key(), item.value());
  }
  for (const auto& item : module.named_buffers()) {
    state.emplace_back(item.key(), item.value());
  }
  return state;
}

/// fitting_weights() for `state`.
NamedWeights given_for(const NamedParameters& state, const TensorFile& file, const std::string& source) {
  std::vector<WantedWeight> wanted;
  for (const auto& [name, tensor] : state) {
    wanted.push_back({name, tensor.sizes().vec(), tensor.scalar_type()});
  }
  return fitting_weights(file, wanted, source, "the network of the settings");
}

}  // namespace

NamedWeights fitting_weights(const TensorFile& file, const std::vector<WantedWeight>& wanted, const std::string& source,
                             const std::string& network) {
  NamedWeights given(file.tensors.begin(), file.tensors.end());
  NamedWeights superfluous = given;
  std::vector<std::string> missing;
  std::vector<std::string> misshapen;
  std::vector<std::string> mistyped;
  for (const auto& [name, shape, type] : wanted) {
    superfluous.erase(name);
    const auto found = given.find(name);
    if (found == given.end()) {
      missing.push_back(name);
    } else if (found->second.sizes() != at::IntArrayRef(shape)) {
      misshapen.push_back(
          fmt::format("{} {} instead of {}", name, shape_text(found->second.sizes()), shape_text(shape)));
    } else if (at::isFloatingType(found->second.scalar_type()) != at::isFloatingType(type) &&
               !follows_from_settings(name)) {
      mistyped.push_back(
          fmt::format("{} {} instead of {}", name, at::toString(found->second.scalar_type()), at::toString(type)));
    }
  }
  std::vector<std::string> unexpected;
  for (const auto& [name, tensor] : superfluous) {
    unexpected.push_back(name);
  }
  if (!missing.empty() || !unexpected.empty() || !misshapen.empty() || !mistyped.empty()) {
    throw UserError("{}: the weights do not fit {}{}{}{}{}", source, network, listing("missing", missing),
                    listing("unexpected", unexpected), listing("of another shape", misshapen),
                    listing("of another type", mistyped));
  }
  for (const auto& [name, tensor] : given) {
    check_finite(name, tensor, source);
  }
  return given;
}

bool follows_from_settings(const std::string& name) {
  return name.ends_with(".relative_position_index") || name.ends_with(".attn_mask");
}

void load_weights(torch::nn::Module& module, const TensorFile& file, const std::string& source) {
  std::set<std::string> left_out;
  for (const auto& [name, tensor] : named_state(module)) {
    if (follows_from_settings(name) || is_adapter_weight(name)) {
      left_out.insert(name);
    }
  }
  for (const auto& [name, tensor] : file.tensors) {
    left_out.erase(name);
  }
  NamedParameters state;
  for (const auto& [name, tensor] : named_state(module)) {
    if (!left_out.contains(name)) {
      state.emplace_back(name, tensor);
    }
  }
  const NamedWeights given = given_for(state, file, source);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state) {
    // An index of the file's own could reach beyond its table, and another mask would be another network.
    if (follows_from_settings(name) && !given.at(name).to(tensor.options()).equal(tensor)) {
      throw UserError("{}: '{}' is not what follows from the settings: the file is damaged, or of another network",
                      source, name);
    }
  }
  for (auto& [name, tensor] : state) {
    tensor.copy_(given.at(name));
  }
}

NamedParameters trained_parameters(const torch::nn::Module& module) {
  NamedParameters trained;
  for (const auto& item : module.named_parameters()) {
    if (item.value().requires_grad()) {
      trained.emplace_back(item.key(), item.value());
    }
  }
  return trained;
}

void load_parameters(const NamedParameters& parameters, const TensorFile& file, const std::string& source) {
  const NamedWeights given = given_for(parameters, file, source);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    at::Tensor(parameter).copy_(given.at(name));
  }
}

TensorFile state_of(const torch::nn::Module& module) { return copy_of(view_of(module)); }

TensorFile view_of(const torch::nn::Module& module) {
  const std::size_t parameters = module.named_parameters().size();
  NamedParameters state = named_state(module);
  for (std::size_t i = parameters; i < state.size(); ++i) {
    state[i].second = state[i].second.clone();
  }
  return view_of(state);
}

TensorFile view_of(const NamedParameters& parameters) {
  TensorFile file;
  for (const auto& [name, tensor] : parameters) {
    const at::ScalarType type = tensor.is_floating_point() ? torch::kFloat32 : tensor.scalar_type();
    file.tensors.emplace_back(name, tensor.detach().to(type));
  }
  return file;
}

TensorFile copy_of(const TensorFile& file) {
  TensorFile copy{.tensors = {}, .metadata = file.metadata};
  for (const auto& [name, tensor] : file.tensors) {
    copy.tensors.emplace_back(name, tensor.to(at::kCPU).clone(at::MemoryFormat::Contiguous));
  }
  return copy;
}

}  // namespace samsr
