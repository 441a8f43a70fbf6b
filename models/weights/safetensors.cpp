#include "models/weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <streambuf>
#include <unordered_set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/printable.h"
#include "models/weights/safetensors_header.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMetadata = "__metadata__";

/// What the header tells, once it was compared with the file's length.
struct Header {
  SafetensorsHeader told;  ///< entries in the order of their bytes
  std::uint64_t data_begin = 0;
};

[[noreturn]] void malformed(const std::string& source, const std::string& what) {
  throw UserError("{}: not a valid safetensors file: {}; fetch or write it again", source, what);
}

/// The bytes of a file, wherever they are.
struct Content {
  std::string source;  ///< for messages
  std::istream& in;
  std::uint64_t size;
};

Header read_header(const Content& content) {
  const auto& [source, in, size] = content;
  std::array<unsigned char, 8> prefix{};
  if (size < prefix.size() || !in.read(reinterpret_cast<char*>(prefix.data()), prefix.size())) {
    malformed(source, "it is shorter than 8 bytes");
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    length |= static_cast<std::uint64_t>(prefix[i]) << (8 * i);
  }
  if (length > kLargestSafetensorsHeader || length > size - prefix.size()) {
    malformed(source, fmt::format("its header would be {} bytes of a file of {}", length, size));
  }
  std::string text(length, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(length))) {
    malformed(source, "its header is cut short");
  }

  Header header;
  header.data_begin = prefix.size() + length;
  header.told = parse_safetensors_header(text, source);
  auto& entries = header.told.entries;
  std::stable_sort(entries.begin(), entries.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t reached = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != reached) {
      malformed(source, fmt::format("tensor '{}' begins at byte {}, where {} was expected (overlap or gap)",
                                    printable(entry.name), entry.begin, reached));
    }
    reached = entry.end;
  }
  if (reached != size - header.data_begin) {
    malformed(source,
              fmt::format("it has {} bytes of tensors, its header tells of {}", size - header.data_begin, reached));
  }
  return header;
}

TensorFile read_content(const Content& content) {
  Header header = read_header(content);
  TensorFile file;
  file.metadata = std::move(header.told.metadata);
  for (const SafetensorsEntry& entry : header.told.entries) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    const auto bytes = static_cast<std::streamsize>(entry.end - entry.begin);
    if (bytes > 0 && !content.in.read(static_cast<char*>(tensor.data_ptr()), bytes)) {
      throw UserError("{}: cannot be read to its end: {}", content.source, std::strerror(errno));
    }
    file.tensors.emplace_back(entry.name, std::move(tensor));
  }
  return file;
}

std::ifstream open_file(const fs::path& path) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path, error)) {
    throw UserError("{}: cannot be read: {}", path.string(),
                    fs::is_directory(path, error) ? "it is a folder" : std::strerror(errno));
  }
  return in;
}

/// 0 for what has no size.
std::uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// Bytes in memory for a stream to read.
class MemoryBuffer final : public std::streambuf {
 public:
  explicit MemoryBuffer(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // a get area is never written to
    setg(begin, begin, begin + bytes.size());
  }
};

std::string make_header(const TensorFile& file, const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::string text;
  std::unordered_set<std::string> names;
  const auto add = [&](const std::string& name, const nlohmann::ordered_json& value) {
    if (!names.insert(name).second) {
      throw std::logic_error("tensor written twice: " + name);
    }
    text.append(text.empty() ? "{" : ",").append(nlohmann::json(name).dump()).append(":").append(value.dump());
  };
  if (!file.metadata.empty()) {
    add(kMetadata, file.metadata);
  }
  std::uint64_t reached = 0;
  for (const auto& [name, tensor] : tensors) {
    const char* type = safetensors_type_name(tensor.scalar_type());
    if (type == nullptr) {
      throw UserError("tensor '{}' has numbers of the type {}, which safetensors files do not hold", printable(name),
                      at::toString(tensor.scalar_type()));
    }
    const std::uint64_t begin = reached;
    reached += tensor.nbytes();
    add(name, {{"dtype", type}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, reached}}});
  }
  text += text.empty() ? "{}" : "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

TensorFile read_safetensors(const fs::path& path) {
  std::ifstream in = open_file(path);
  return read_content({path.string(), in, size_of(path)});
}

TensorFile parse_safetensors(std::string_view file, const std::string& name) {
  MemoryBuffer buffer(file);
  std::istream in(&buffer);
  return read_content({name, in, file.size()});
}

std::map<std::string, std::string> read_safetensors_metadata(const fs::path& path) {
  std::ifstream in = open_file(path);
  return read_header({path.string(), in, size_of(path)}).told.metadata;
}

void write_safetensors(const fs::path& path, const TensorFile& file) {
  std::vector<std::pair<std::string, at::Tensor>> tensors = file.tensors;
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
  const std::string header = make_header(file, tensors);
  std::array<char, 8> prefix{};
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    prefix[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  }
  NewFile out(path);
  out.write({prefix.data(), prefix.size()});
  out.write(header);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor bytes = tensor.detach().to(at::kCPU).contiguous();
    out.write({static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes()});
  }
  out.finish();
}

}  // namespace samsr
