#include <fmt/ranges.h>

#include <iostream>
#include <memory>

#include "core/log.h"
#include "launch/verbs/verbs.h"
#include "models/safetensors.h"
#include "train/checkpoint.h"

namespace samsr {
namespace {

void print_weights(const std::filesystem::path& path) {
  const TensorFile file = read_safetensors(path);
  std::cout << path.string() << '\n';
  for (const auto& [key, value] : file.metadata) {
    std::cout << fmt::format("{}: {}\n", key, value);
  }
  std::int64_t elements = 0;
  for (const auto& [name, tensor] : file.tensors) {
    std::cout << fmt::format("{:<60} {:<9} [{}]\n", name, c10::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "));
    elements += tensor.numel();
  }
  std::cout << fmt::format("{} tensors, {} elements\n", file.tensors.size(), elements);
}

}  // namespace

void add_weights_verbs(CLI::App& app, VerbContext& context) {
  CLI::App* weights = app.add_subcommand("weights", "files of network weights");
  weights->require_subcommand(1);
  CLI::App* verb = weights->add_subcommand("inspect", "lists the tensors of a safetensors file, or of a run's averaged weights");
  auto path = std::make_shared<std::string>();
  verb->add_option("path", *path, "a .safetensors file, a checkpoint, or a run's folder")->required();
  verb->callback([&context, path] {
    if (context.communicator.rank() == 0) {
      print_weights(find_weights(*path, context.log));
    }
  });
}

}  // namespace samsr
