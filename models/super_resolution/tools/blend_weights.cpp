#include "models/super_resolution/tools/blend_weights.h"

#include <ATen/ATen.h>

#include <map>

#include "core/error.h"
#include "models/super_resolution/adapted_model.h"
#include "models/weights/network_difference.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

at::Tensor blended(const at::Tensor& from, const at::Tensor& to, double share) {
  return from.is_floating_point() ? at::lerp(from.to(at::kDouble), to.to(at::kDouble), share).to(from.scalar_type())
                                  : from;
}

/// Of adapters, the model that they make: between products of two matrices each nothing else lies on a line.
NamedWeightsFile whole(NamedWeightsFile read) {
  read.file = whole_model(std::move(read.file), read.source);
  return read;
}

}  // namespace

void blend_weights(const std::string& from, const std::string& to, double share, const std::filesystem::path& out,
                   const Conversion& how, Log& log) {
  if (!(share >= 0 && share <= 1)) {
    throw UserError("--share {}: expected a number from 0, the first file, to 1, the second", share);
  }
  NamedWeightsFile first = whole(read_named_weights(from, out, log));
  const NamedWeightsFile second = whole(read_named_weights(to, out, log));
  if (const std::string difference = difference_of_networks(first.file, second.file); !difference.empty()) {
    throw UserError("{} and {} are different networks, and nothing lies between them: {}", first.source, second.source,
                    printable(difference));
  }
  const std::map<std::string, at::Tensor> other(second.file.tensors.begin(), second.file.tensors.end());
  if (other.size() != first.file.tensors.size()) {
    throw UserError("{} has {} tensors and {} {}: nothing lies between them", first.source, first.file.tensors.size(),
                    second.source, other.size());
  }
  for (auto& [name, tensor] : first.file.tensors) {
    const auto found = other.find(name);
    if (found == other.end() || found->second.sizes() != tensor.sizes()) {
      throw UserError("{}: has no tensor '{}' of the shape that it has in {}", second.source, printable(name),
                      first.source);
    }
    tensor = blended(tensor, found->second, share);
  }
  forget_merges(first.file);
  first.source = fmt::format("{:g} · {} + {:g} · {}", 1 - share, first.source, share, second.source);
  write_converted(std::move(first), out, how, log);
}

}  // namespace samsr
