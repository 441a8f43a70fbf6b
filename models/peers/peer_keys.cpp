#include "models/peers/peer_keys.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/error.h"

namespace samsr {

std::vector<std::string> key_parts(const std::string& name) {
  constexpr std::size_t kLongest = 200;
  std::vector<std::string> parts(1);
  if (name.size() > kLongest) {
    return {name};
  }
  for (const char each : name) {
    if (each == '.') {
      parts.emplace_back();
    } else {
      parts.back() += each;
    }
  }
  return parts;
}

std::optional<std::int64_t> key_number(const std::string& part) {
  constexpr std::size_t kMostDigits = 4;
  const auto digit = [](unsigned char each) { return std::isdigit(each) != 0; };
  if (part.empty() || part.size() > kMostDigits || !std::all_of(part.begin(), part.end(), digit)) {
    return std::nullopt;
  }
  return std::stoll(part);
}

bool has_key(const TensorFile& file, const std::string& name) {
  return std::any_of(file.tensors.begin(), file.tensors.end(), [&](const auto& each) { return each.first == name; });
}

TensorFile without_shared_prefix(TensorFile file, const std::string& prefix) {
  const auto begins = [&](const auto& each) {
    return each.first.size() > prefix.size() && each.first.starts_with(prefix);
  };
  while (!file.tensors.empty() && std::all_of(file.tensors.begin(), file.tensors.end(), begins)) {
    for (auto& [name, tensor] : file.tensors) {
      name.erase(0, prefix.size());
    }
  }
  return file;
}

TensorFile below_prefix(const TensorFile& file, const std::string& prefix) {
  TensorFile below;
  below.metadata = file.metadata;
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with(prefix)) {
      below.tensors.emplace_back(name.substr(prefix.size()), tensor);
    }
  }
  return below;
}

PeerKeys::PeerKeys(const TensorFile& file, std::string source, std::string network)
    : tensors_(file.tensors.begin(), file.tensors.end()), source_(std::move(source)), network_(std::move(network)) {}

at::Tensor PeerKeys::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? at::Tensor() : found->second;
}

std::int64_t PeerKeys::size(const std::string& name, std::int64_t dimension) const {
  constexpr std::int64_t kLargest = 65536;
  const at::Tensor found = tensor(name);
  if (!found.defined() || found.dim() <= dimension) {
    throw UserError("{}: looks like the weights of {}, but {} {}", source_, network_, name,
                    found.defined() ? "has too few dimensions" : "is missing");
  }
  const std::int64_t size = found.size(dimension);
  if (size < 1 || size > kLargest) {
    throw UserError("{}: looks like the weights of {}, but a side of {} is {}, expected 1 to {}", source_, network_,
                    name, size, kLargest);
  }
  return size;
}

std::int64_t PeerKeys::count(const std::function<std::string(std::int64_t)>& name) const {
  constexpr std::int64_t kMost = 4096;
  std::int64_t count = 0;
  while (count < kMost && has(name(count))) {
    ++count;
  }
  return count;
}

}  // namespace samsr
