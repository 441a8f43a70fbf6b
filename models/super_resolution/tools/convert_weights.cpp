#include "models/super_resolution/tools/convert_weights.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/finite.h"
#include "core/nested_paths.h"
#include "models/embedded/embedded_student.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/find_weights.h"
#include "models/weights/finite_weights.h"
#include "models/weights/load_weights.h"
#include "models/weights/ncnn/ncnn_weights.h"
#include "models/weights/printable.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Numbers of floating point as half precision. UserError when one of `source` would become infinite.
at::Tensor to_half_precision(const std::string& name, const at::Tensor& tensor, const std::string& source) {
  if (!tensor.is_floating_point() || tensor.element_size() < 2) {
    return tensor;
  }
  const at::Tensor half = tensor.to(at::kHalf);
  if (!not_finite(half).empty()) {
    throw UserError("{}: tensor '{}' has numbers beyond 65504, the largest of half precision; convert without --half",
                    source, printable(name));
  }
  return half;
}

/// UserError when `out` is one of a checkpoint's files, which fit its state.json and each other as they are.
void check_no_checkpoint(const fs::path& out) {
  const fs::path folder = fs::absolute(out).parent_path();
  if (holds_checkpoint_state(folder) && read_checkpoint_state(folder).at("files").contains(out.filename().string())) {
    throw UserError("{}: is a part of the checkpoint {}, which would be damaged; name another file", out.string(),
                    folder.string());
  }
}

void check_out(const fs::path& out) {
  if (out.extension() != ".safetensors") {
    throw UserError("{}: expected a name that ends in .safetensors, which is what is written", out.string());
  }
  check_no_checkpoint(out);
}

}  // namespace

NamedWeightsFile read_named_weights(const std::string& in, const fs::path& out, Log& log) {
  check_out(out);
  if (in == kEmbeddedModel) {
    return {embedded_student(), "the embedded student"};
  }
  const std::string source = find_weights(in, log).string();
  check_not_replaced(source, out);
  return {read_weights(source), source};
}

void write_converted(NamedWeightsFile weights, const fs::path& out, const Conversion& how, Log& log) {
  auto& [file, source] = weights;
  if (how.compact) {
    std::erase_if(file.tensors, [](const auto& named) { return follows_from_settings(named.first); });
  }
  for (auto& [name, tensor] : file.tensors) {
    check_finite(name, tensor, source);
    tensor = how.half ? to_half_precision(name, tensor, source) : tensor;
  }
  clean_temporaries_of(out);
  write_safetensors(out, file);
  const auto said = [&metadata = file.metadata](const char* key, const char* words) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : fmt::format("{}{}", words, printable(found->second));
  };
  log.info("{} tensors of {} written to {}{}{}", file.tensors.size(), source, out.string(),
           said("picked", "; picked: "), said("passed_over", "; passed over: "));
}

void convert_weights(const std::string& in, const fs::path& out, const Conversion& how, Log& log) {
  write_converted(read_named_weights(in, out, log), out, how, log);
}

void convert_ncnn_weights(const fs::path& param, const fs::path& bin, const fs::path& out, const Conversion& how,
                          Log& log) {
  check_out(out);
  check_not_replaced(param, out);
  check_not_replaced(bin, out);
  write_converted({read_ncnn_weights(param, bin), param.string()}, out, how, log);
}

}  // namespace samsr
