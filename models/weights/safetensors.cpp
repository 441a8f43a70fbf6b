#include "models/weights/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <streambuf>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

/// The limit of the reference implementation.
constexpr std::uint64_t kLargestHeader = 100'000'000;
constexpr const char* kMetadata = "__metadata__";

struct TypeName {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<TypeName, 15> kTypes = {{{"F64", at::kDouble},
                                              {"F32", at::kFloat},
                                              {"F16", at::kHalf},
                                              {"BF16", at::kBFloat16},
                                              {"I64", at::kLong},
                                              {"I32", at::kInt},
                                              {"I16", at::kShort},
                                              {"I8", at::kChar},
                                              {"U8", at::kByte},
                                              {"U64", at::kUInt64},
                                              {"U32", at::kUInt32},
                                              {"U16", at::kUInt16},
                                              {"BOOL", at::kBool},
                                              {"F8_E4M3", at::kFloat8_e4m3fn},
                                              {"F8_E5M2", at::kFloat8_e5m2}}};

struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

struct Header {
  std::vector<Entry> entries;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;
};

[[noreturn]] void malformed(const std::string& source, const std::string& what) {
  throw UserError("{}: not a valid safetensors file: {}; fetch or write it again", source, what);
}

Json parse_json(const std::string& source, const std::string& text) {
  std::set<std::string> names;
  std::string repeated;
  const Json::parser_callback_t remember = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth == 1 && event == Json::parse_event_t::key && !names.insert(value.get<std::string>()).second) {
      repeated = value.get<std::string>();
    }
    return true;
  };
  Json header = Json::parse(text, remember, false);
  if (header.is_discarded() || !header.is_object()) {
    malformed(source, "its header is no JSON object");
  }
  if (!repeated.empty()) {
    malformed(source, fmt::format("tensor '{}' occurs twice", printable(repeated)));
  }
  return header;
}

Entry parse_entry(const std::string& source, const std::string& name, const Json& description) {
  const auto fail = [&](const std::string& what) {
    malformed(source, fmt::format("tensor '{}' {}", printable(name), what));
  };
  if (!description.is_object() || !description.contains("dtype") || !description.contains("shape") ||
      !description.contains("data_offsets")) {
    fail("has no dtype, shape or data_offsets");
  }
  Entry entry;
  entry.name = name;
  const Json& dtype = description["dtype"];
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& each) {
    return dtype.is_string() && dtype.get<std::string>() == each.name;
  });
  if (type == kTypes.end()) {
    fail("has a type that is not supported: " + printable(dtype.dump()));
  }
  entry.type = type->type;

  const Json& offsets = description["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    fail("has data_offsets that are not two whole numbers");
  }
  entry.begin = offsets[0].get<std::uint64_t>();
  entry.end = offsets[1].get<std::uint64_t>();

  const Json& shape = description["shape"];
  if (!shape.is_array()) {
    fail("has a shape that is no list");
  }
  std::uint64_t bytes = at::elementSize(entry.type);
  for (const Json& extent : shape) {
    if (!extent.is_number_unsigned() ||
        extent.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail("has a shape that is not made of whole numbers");
    }
    entry.shape.push_back(extent.get<std::int64_t>());
    if (__builtin_mul_overflow(bytes, extent.get<std::uint64_t>(), &bytes)) {
      fail("has a shape too large for any file");
    }
  }
  if (entry.begin > entry.end || entry.end - entry.begin != bytes) {
    fail(fmt::format("takes {} bytes by its shape and type, not the bytes {} to {}", bytes, entry.begin, entry.end));
  }
  return entry;
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
  if (length > kLargestHeader || length > size - prefix.size()) {
    malformed(source, fmt::format("its header would be {} bytes of a file of {}", length, size));
  }
  std::string text(length, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(length))) {
    malformed(source, "its header is cut short");
  }

  Header header;
  header.data_begin = prefix.size() + length;
  const Json json = parse_json(source, text);
  for (const auto& [name, description] : json.items()) {
    if (name != kMetadata) {
      header.entries.push_back(parse_entry(source, name, description));
      continue;
    }
    if (!description.is_object()) {
      malformed(source, "its metadata are no map of texts");
    }
    for (const auto& [key, value] : description.items()) {
      if (!value.is_string()) {
        malformed(source, "its metadata are no map of texts");
      }
      header.metadata[key] = value.get<std::string>();
    }
  }
  std::stable_sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t reached = 0;
  for (const Entry& entry : header.entries) {
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
  file.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries) {
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

const char* type_name_of(const std::string& name, const at::Tensor& tensor) {
  for (const TypeName& each : kTypes) {
    if (each.type == tensor.scalar_type()) {
      return each.name;
    }
  }
  throw UserError("tensor '{}' has numbers of the type {}, which safetensors files do not hold", printable(name),
                  at::toString(tensor.scalar_type()));
}

std::string make_header(const TensorFile& file, const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  Json json = Json::object();
  if (!file.metadata.empty()) {
    json[kMetadata] = file.metadata;
  }
  std::uint64_t reached = 0;
  for (const auto& [name, tensor] : tensors) {
    if (json.contains(name)) {
      throw std::logic_error("tensor written twice: " + name);
    }
    const std::uint64_t begin = reached;
    reached += tensor.nbytes();
    json[name] = {
        {"dtype", type_name_of(name, tensor)}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, reached}}};
  }
  std::string text = json.dump();
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
  return read_header({path.string(), in, size_of(path)}).metadata;
}

void write_safetensors(const fs::path& path, const TensorFile& file) {
  std::vector<std::pair<std::string, at::Tensor>> tensors = file.tensors;
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
  const std::string header = make_header(file, tensors);
  const fs::path temporary = temporary_name(path);
  try {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    std::array<char, 8> prefix{};
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      prefix[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
    }
    out.write(prefix.data(), prefix.size());
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const auto& [name, tensor] : tensors) {
      const at::Tensor bytes = tensor.detach().to(at::kCPU).contiguous();
      out.write(static_cast<const char*>(bytes.const_data_ptr()), static_cast<std::streamsize>(bytes.nbytes()));
    }
    out.close();
    if (!out) {
      throw UserError("{}: cannot be written: {}; make room or choose another place", path.string(),
                      std::strerror(errno));
    }
    publish(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace samsr
