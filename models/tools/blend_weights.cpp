#include "models/tools/blend_weights.h"

#include <ATen/ATen.h>

#include <map>

#include "core/error.h"
#include "core/setting_lines.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

/// What a file says of its network, in words of the first difference; empty where both say the same.
std::string difference_of_networks(const TensorFile& one, const TensorFile& other) {
  for (const char* key : {"kind", "variant", "scale", "config"}) {
    const auto text = [key](const TensorFile& file) {
      const auto found = file.metadata.find(key);
      return found == file.metadata.end() ? std::string() : found->second;
    };
    if (text(one) != text(other)) {
      return fmt::format("{}: {}", key, first_difference(text(one), text(other)));
    }
  }
  return {};
}

at::Tensor blended(const at::Tensor& from, const at::Tensor& to, double share) {
  return from.is_floating_point() ? at::lerp(from.to(at::kDouble), to.to(at::kDouble), share).to(from.scalar_type())
                                  : from;
}

}  // namespace

void blend_weights(const std::string& from, const std::string& to, double share, const std::filesystem::path& out,
                   const Conversion& how, Log& log) {
  if (!(share >= 0 && share <= 1)) {
    throw UserError("--share {}: expected a number from 0, the first file, to 1, the second", share);
  }
  NamedWeightsFile first = read_named_weights(from, out, log);
  const NamedWeightsFile second = read_named_weights(to, out, log);
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
  first.source = fmt::format("{:g} · {} + {:g} · {}", 1 - share, first.source, share, second.source);
  write_converted(std::move(first), out, how, log);
}

}  // namespace samsr
