#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/log.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "models/embedded/embedded_student.h"
#include "models/weights/find_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/official_files.h"
#include "models/weights/printable.h"
#include "models/weights/sha256.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

const char* format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::kSafetensors:
      return "safetensors";
    case WeightFormat::kZip:
      return "PyTorch (zip)";
    case WeightFormat::kLegacy:
      return "PyTorch (before 1.6)";
  }
  throw std::logic_error("format_name: not a format");
}

/// Without the control characters that could move a terminal's cursor; lines stay.
std::string lines_of(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char each) { return (each < 0x20 && each != '\n' && each != '\t') || each == 0x7f; }, '?');
  return text;
}

void print_weights(const TensorFile& file, WeightFormat format, std::uintmax_t size, const std::string& digest) {
  std::cout << fmt::format("format: {}\nfile: {} bytes, sha256 {}\n", format_name(format), size, digest);
  for (const auto& [key, value] : file.metadata) {
    std::cout << fmt::format("{}: {}\n", printable(key), lines_of(value));
  }
  std::int64_t elements = 0;
  std::size_t bytes = 0;
  std::map<std::string, int> types;
  for (const auto& [name, tensor] : file.tensors) {
    const char* type = c10::toString(tensor.scalar_type());
    std::cout << fmt::format("{:<60} {:<9} [{}]\n", printable(name), type, fmt::join(tensor.sizes(), ", "));
    elements += tensor.numel();
    bytes += tensor.nbytes();
    ++types[type];
  }
  std::vector<std::string> counts;
  for (const auto& [type, count] : types) {
    counts.push_back(fmt::format("{} {}", count, type));
  }
  std::cout << fmt::format("{} tensors ({}), {} elements, {} bytes\n", file.tensors.size(), fmt::join(counts, ", "),
                           elements, bytes);
}

void inspect_weights(const std::string& argument, Log& log) {
  if (argument == kEmbeddedModel) {
    const std::string_view bytes = embedded_student_file();
    std::cout << "the embedded student\n";
    print_weights(embedded_student(), WeightFormat::kSafetensors, bytes.size(), sha256_of(bytes));
    return;
  }
  const fs::path path = find_weights(argument, log);
  const TensorFile file = read_weights(path);
  std::cout << path.string() << '\n';
  print_weights(file, weight_format(path), fs::file_size(path), sha256_of_file(path));
}

/// Numbers of floating point as half precision. UserError when one would become infinite.
at::Tensor halved(const std::string& name, const at::Tensor& tensor) {
  if (!tensor.is_floating_point() || tensor.element_size() < 2) {
    return tensor;
  }
  const at::Tensor half = tensor.to(at::kHalf);
  if (at::isfinite(tensor).logical_and(at::isinf(half)).any().item<bool>()) {
    throw UserError("tensor '{}' has numbers beyond 65504, the largest of half precision; convert without --half",
                    printable(name));
  }
  return half;
}

/// What a conversion changes.
struct Conversion {
  bool half = false;
  bool compact = false;
};

void convert_weights(const std::string& in, const fs::path& out, const Conversion& how, Log& log) {
  if (out.extension() != ".safetensors") {
    throw UserError("{}: expected a name that ends in .safetensors, which is what is written", out.string());
  }
  const bool embedded = in == kEmbeddedModel;
  const std::string source = embedded ? "the embedded student" : find_weights(in, log).string();
  TensorFile file = embedded ? embedded_student() : read_weights(source);
  if (how.compact) {
    std::erase_if(file.tensors, [](const auto& named) { return follows_from_settings(named.first); });
  }
  if (how.half) {
    for (auto& [name, tensor] : file.tensors) {
      tensor = halved(name, tensor);
    }
  }
  write_safetensors(out, file);
  log.info("{} tensors of {} written to {}", file.tensors.size(), source, out.string());
}

void add_weights_inspect(CLI::App& weights, VerbContext& context) {
  CLI::App* verb = weights.add_subcommand("inspect", "lists the tensors of a file of weights, or of a run's averages");
  auto path = std::make_shared<std::string>();
  verb->add_option("path", *path,
                   "safetensors, PyTorch's .pth or .pt, a checkpoint, a run's folder, or embedded: samsr's own student")
      ->required();
  verb->callback([&context, path] {
    if (context.communicator.rank() == 0) {
      inspect_weights(*path, context.log);
    }
  });
}

void add_weights_convert(CLI::App& weights, VerbContext& context) {
  struct Arguments {
    std::string in;
    std::string out;
    Conversion how;
  };
  CLI::App* verb = weights.add_subcommand("convert", "writes the tensors of a file of weights as safetensors");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("in", arguments->in, "as for inspect; nothing in it is executed")->required();
  verb->add_option("out", arguments->out, "a .safetensors file")->required();
  verb->add_flag("--half", arguments->how.half, "floating point numbers as half precision");
  verb->add_flag("--compact", arguments->how.compact,
                 "without what samsr computes from the settings: the windows' position indices and masks");
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      convert_weights(arguments->in, arguments->out, arguments->how, context.log);
    }
  });
}

/// What is known of one official file here: "missing", or where it lies and, when asked, whether it is the one.
std::string presence(const OfficialFile& file, const std::optional<fs::path>& path, bool verify) {
  if (!path) {
    return "missing";
  }
  if (!verify || file.sha256.empty()) {
    return path->string();
  }
  const std::string digest = sha256_of_file(*path);
  return fmt::format(
      "{} ({})", path->string(),
      digest.starts_with(file.sha256) ? "SHA-256 as published" : "SHA-256 " + digest + " is not the published one");
}

void list_official_files(const OfficialFiles& catalogue, bool verify) {
  std::size_t present = 0;
  for (const OfficialFile& file : catalogue.files()) {
    const std::optional<fs::path> path = catalogue.find(file.name);
    present += path ? 1 : 0;
    std::cout << fmt::format("{:<32} {}\n", file.file, presence(file, path, verify));
    std::cout << fmt::format("    for: {}\n    licence: {}\n    published: {}\n", file.purpose, file.licence,
                             file.address);
    if (!file.sha256.empty()) {
      std::cout << fmt::format("    SHA-256{}: {}\n", file.sha256.size() == 64 ? "" : " begins", file.sha256);
    }
  }
  std::cout << fmt::format("{} of {} files are present; put others into {}/ (weights.folder, or SAMSR_WEIGHTS)\n",
                           present, catalogue.files().size(), catalogue.folder().string());
}

void add_weights_list(CLI::App& weights, VerbContext& context) {
  struct Arguments {
    ConfigArguments config;
    bool verify = false;
  };
  CLI::App* verb = weights.add_subcommand("list", "lists the official weight files and which of them are here");
  auto arguments = std::make_shared<Arguments>();
  verb->add_flag("--verify", arguments->verify, "compare each file with its published SHA-256");
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] {
    Config config;
    Settings settings;
    arguments->config.load(config, settings);
    if (context.communicator.rank() == 0) {
      list_official_files(OfficialFiles(config.weights), arguments->verify);
    }
  });
}

}  // namespace

void add_weights_verbs(CLI::App& app, VerbContext& context) {
  CLI::App* weights = app.add_subcommand("weights", "files of network weights");
  weights->require_subcommand(1);
  add_weights_inspect(*weights, context);
  add_weights_convert(*weights, context);
  add_weights_list(*weights, context);
}

}  // namespace samsr
