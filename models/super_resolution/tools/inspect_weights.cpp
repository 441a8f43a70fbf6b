#include "models/super_resolution/tools/inspect_weights.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <vector>

#include "core/finite.h"
#include "models/embedded/embedded_student.h"
#include "models/weights/find_weights.h"
#include "models/weights/printable.h"
#include "models/weights/sha256.h"
#include "models/weights/weight_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

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

void print_weights(std::ostream& out, const TensorFile& file, WeightFormat format, std::uintmax_t size,
                   const std::string& digest) {
  out << fmt::format("format: {}\nfile: {} bytes, sha256 {}\n", format_name(format), size, digest);
  for (const auto& [key, value] : file.metadata) {
    out << fmt::format("{}: {}\n", printable(key), lines_of(value));
  }
  std::int64_t elements = 0;
  std::size_t bytes = 0;
  std::map<std::string, int> types;
  for (const auto& [name, tensor] : file.tensors) {
    const char* type = c10::toString(tensor.scalar_type());
    const std::string bad = not_finite(tensor);
    out << fmt::format("{:<60} {:<9} [{}]{}\n", printable(name), type, fmt::join(tensor.sizes(), ", "),
                       bad.empty() ? "" : "  " + bad);
    elements += tensor.numel();
    bytes += tensor.nbytes();
    ++types[type];
  }
  std::vector<std::string> counts;
  for (const auto& [type, count] : types) {
    counts.push_back(fmt::format("{} {}", count, type));
  }
  out << fmt::format("{} tensors ({}), {} elements, {} bytes\n", file.tensors.size(), fmt::join(counts, ", "), elements,
                     bytes);
}

}  // namespace

void inspect_weights(const std::string& path, std::ostream& out, Log& log) {
  if (path == kEmbeddedModel) {
    const std::string_view bytes = embedded_student_file();
    out << "the embedded student\n";
    print_weights(out, embedded_student(), WeightFormat::kSafetensors, bytes.size(), sha256_of(bytes));
    return;
  }
  const fs::path found = find_weights(path, log);
  const TensorFile file = read_weights(found);
  out << found.string() << '\n';
  print_weights(out, file, weight_format(found), fs::file_size(found), sha256_of_file(found));
}

}  // namespace samsr
